from pathlib import Path

import pytest

from sojourn.agents.entries import BadDirectory, parse, read

GOOD = """
agents:
  installer:
    protocol: http
    url: https://flows.example/install
    auth: {bearer_env: FLOWS_TOKEN}
    timeout: 90s
  scanner:
    protocol: python
    target: my.agents:scan
"""


def fault(text: str) -> str:
    with pytest.raises(BadDirectory) as caught:
        parse(text, "agents.yaml")
    return str(caught.value)


def test_a_good_file() -> None:
    found = parse(GOOD, "agents.yaml")
    assert list(found) == ["installer", "scanner"]
    assert found["installer"].auth is not None
    assert parse("", "x") == parse("agents:", "x") == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("protocl: http", "agents.yaml:5: agents.a.protocl: unknown key; did you mean 'protocol'?"),
        ("timeout: soon", "agents.yaml:5: agents.a.timeout: must be seconds or a text such as 90s"),
        ("auth: {bearer: x}", "agents.a.auth.bearer: unknown key; did you mean 'bearer_env'?"),
        ("target: x:y", "agents.yaml:5: agents.a.target: an agent of protocol http has no target"),
        ("max_concurrency: many", "agents.yaml:5: agents.a.max_concurrency: input should be"),
        ("url: https://y", "agents.yaml:5: the key 'url' stands there twice (first on line 4)"),
        ("title: [", "agents.yaml:6: not YAML"),
        ("title: !!python/object:os.system x", "agents.yaml:5: not YAML: could not determine"),
    ],
)
def test_faults_name_file_and_line(line: str, message: str) -> None:
    text = f"agents:\n  a:\n    protocol: http\n    url: https://x\n    {line}\n"
    assert message in fault(text)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{protocol: htp, url: 'https://x'}", "there is no protocol 'htp'; did you mean 'http'?"),
        ("{protocol: http}", "agents.yaml:2: agents.a.protocol: http needs url"),
        ("{url: 'https://x'}", "agents.yaml:2: agents.a.protocol: field required"),
        ("3", "agents.yaml:2: agents.a: input should be a valid"),
    ],
)
def test_entries_that_do_not_suit_their_protocol(entry: str, message: str) -> None:
    assert message in fault(f"agents:\n  a: {entry}\n")


def test_all_faults_are_told_at_once() -> None:
    assert len(fault("agents:\n  a: {protocol: x}\n  b: {protocl: y}\n").splitlines()) == 3


@pytest.mark.parametrize("text", ["[]", "agent: {}", "agents: []", "3", "a: &a [*a]"])
def test_files_of_another_shape(text: str) -> None:
    assert fault(text).startswith("agents.yaml:1: ")


def test_anchors_that_multiply_are_walked_once() -> None:
    bomb = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    assert fault(f"a0: &a0 x\n{bomb}\n")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"# " + b"x" * (1 << 20)):
        file = tmp_path / "agents.yaml"
        file.write_bytes(content)
        with pytest.raises(BadDirectory, match=r"agents\.yaml"):
            read(file)
    with pytest.raises(BadDirectory, match="cannot be read"):
        read(tmp_path / "missing.yaml")
