from datetime import UTC, datetime
from typing import Any

from sojourn.engine.messages import MOST, body, title, worst


def line(**more: Any) -> dict[str, Any]:
    return {
        "client_id": "acme",
        "journey_key": "acme/standard 1",
        "kind": "near_limit",
        "severity": "notify",
        "message": "adoption is 0.42",
        "actual": "0.42",
        "expected": "< 0.4",
        "cause": "",
        "remedy": "sojourn explain CLIENT",
        "owner": None,
        "raised_at": datetime(2026, 11, 22, 9, 5, tzinfo=UTC),
        "reason": "raised",
        **more,
    }


def test_one_alert_is_told_in_full() -> None:
    assert title([line()]) == "[notify] acme: near limit"
    assert body([line(cause="low use", owner="olga")], "https://s.test").splitlines() == [
        "adoption is 0.42",
        "Number: 0.42 (limit: < 0.4)",
        "Since: 2026-11-22 09:05 UTC",
        "Likely cause: low use",
        "Do: sojourn explain acme",
        "Owner: olga",
        "https://s.test/journeys/acme%2Fstandard%201",
    ]


def test_several_are_told_together_under_the_gravest() -> None:
    many = [line(), line(severity="page", kind="stuck", client_id="beta"), line(severity="digest")]
    assert worst(many) == "page"
    assert title(many) == "[page] 3 alerts: 1 page, 1 notify, 1 digest"
    text = body(many)
    assert "beta: stuck\n" in text
    assert "http" not in text, "no link where nobody knows where the pages are"


def test_a_flood_is_one_message_of_bounded_length() -> None:
    text = body([line()] * (MOST + 30), "https://s.test")
    assert text.count("adoption is 0.42") == MOST
    assert text.endswith("and 30 more: https://s.test/alerts")


def test_a_condition_of_the_installation_belongs_to_no_client() -> None:
    own = line(client_id=None, journey_key=None, kind="breaker_open", actual="")
    assert title([own]) == "[notify] Sojourn: breaker open"
    assert body([own], "https://s.test").endswith("https://s.test/alerts")
    assert "Number" not in body([own])
