from tests.cli.terminal import Terminal
from tests.journeys.small import SMALL


def test_lint_tells_every_problem_with_its_line(cli: Terminal) -> None:
    bad = cli.write("bad.yaml", SMALL.replace("quality", "quality\n          iss: x", 1))
    ran = cli("path", "lint", cli.small, bad, code=2)
    assert f"{cli.small}: sound" in ran.out
    assert f"{bad}:" in ran.out
    assert "'iss'" in ran.out
    told = cli("path", "lint", cli.small, bad, "--json", code=2).json["files"]
    assert [one["ok"] for one in told] == [True, False]
    assert told[1]["problems"][0]["line"] > 10
    assert told[1]["problems"][0].keys() == {"file", "line", "column", "place", "message"}


def test_lint_finds_agents_that_are_not_there(cli: Terminal) -> None:
    file = cli.write("x.yaml", SMALL.replace("agent: teller", "agent: tellr"))
    ran = cli("path", "lint", file, code=4)
    assert "there is no agent 'tellr'; did you mean 'teller'?" in ran.out
    assert "✗ error" in ran.out


def test_strict_makes_warnings_count(cli: Terminal) -> None:
    file = cli.write("x.yaml", SMALL.replace("        - work: required\n", "", 1))
    told = cli("path", "lint", file, "--json").json["files"][0]
    assert "warning" in {f["level"] for f in told["findings"]}
    cli("path", "lint", file, "--strict", code=4)
    cli("path", "lint", "standard", "healthcare", "financial_services", "--strict")


def test_lint_of_what_is_not_there(cli: Terminal) -> None:
    assert "cannot be read" in cli("path", "lint", "no.yaml", code=2).out
    assert "there is no path 'standart'" in cli("path", "lint", "standart", code=5).err
    cli("path", "lint", code=2)
