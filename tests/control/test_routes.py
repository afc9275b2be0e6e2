from datetime import timedelta
from pathlib import Path

import pytest

from sojourn.control.routes import BadRoutes, Route, load, parse, row

ENV = {"SLACK_URL": "slack://a/b/s3cret", "SMTP_PASSWORD": "pw", "EMPTY": ""}
GOOD = """
routes:
  oncall:
    urls: ["${SLACK_URL}", "mailtos://me:${SMTP_PASSWORD}@mail.test?to=ops@s.test"]
    severities: [page]
  team:
    urls: ["${SLACK_URL}"]
    kinds: [rollback*, stuck]
    paths: [standard]
    clients: [acme*]
    digest: 1d
    escalate: { after: 30m, to: oncall }
"""


def test_routes_are_read_with_their_secrets_from_the_environment() -> None:
    oncall, team = parse(GOOD, "alerts.yaml", ENV)
    assert oncall.urls == ("slack://a/b/s3cret", "mailtos://me:pw@mail.test?to=ops@s.test")
    assert (oncall.severities, oncall.kinds, oncall.digest) == (("page",), ("*",), None)
    assert (team.severities, team.clients) == (("page", "notify"), ("acme*",))
    assert (team.digest, team.escalate_to) == (timedelta(days=1), "oncall")
    assert team.escalate_after == timedelta(minutes=30)


def test_secrets_are_neither_shown_nor_written_down() -> None:
    for route in parse(GOOD, "alerts.yaml", ENV):
        assert "s3cret" not in repr(route)
        assert "s3cret" not in repr(row(route))
    assert row(Route("a", ("x", "y")))["targets"] == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "routes: { a: { urls: ['slack://a/b/c'] } }",
            "routes.a.urls.0: a URL is a secret; put it",
        ),
        ("routes: { a: { urls: ['${NOPE}'] } }", "routes.a.urls.0: the environment variable NOPE"),
        ("routes: { a: { urls: ['${EMPTY}'] } }", "variable EMPTY is not set"),
        ("routes: { a: { urls: [] } }", "routes.a.urls: "),
        ("routes: { a: {} }", "routes.a.urls: Field required"),
        ("routes: { a: { urls: ['${SLACK_URL}'], sev: [] } }", "routes.a.sev: "),
        ("routes: { a: { urls: ['${SLACK_URL}'], severities: [loud] } }", "severities.0: "),
        ("routes: { a: { urls: ['${SLACK_URL}'], digest: 5 } }", "routes.a.digest: "),
        (
            "routes: { a: { urls: ['${SLACK_URL}'], escalate: { after: 1m, to: b } } }",
            "routes.a.escalate.to: there is no route 'b'; there is: a",
        ),
        (
            "routes: { a: { urls: ['${SLACK_URL}'], escalate: { after: 1m, to: a } } }",
            "a route cannot escalate to itself",
        ),
        ("routes: [", "not YAML: "),
        ("- x", "alerts.yaml: file: "),
    ],
    ids=lambda value: value[:40],
)
def test_a_fault_names_its_place_and_no_secret(text: str, told: str) -> None:
    with pytest.raises(BadRoutes) as refused:
        parse(text, "alerts.yaml", ENV)
    assert str(refused.value).startswith("alerts.yaml: ")
    assert told in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_every_fault_of_a_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text("routes: { a: { urls: ['${NOPE}', 'x://y'] } }")
    with pytest.raises(BadRoutes) as refused:
        load(file, ENV)
    assert len(str(refused.value).splitlines()) == 2
    with pytest.raises(BadRoutes, match="cannot be read"):
        load(tmp_path / "none.yaml", ENV)
    file.write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(BadRoutes, match="larger than"):
        load(file, ENV)


def test_no_routes_are_routes(tmp_path: Path) -> None:
    assert parse("routes: {}", "alerts.yaml", ENV) == ()
