import json
import signal

import pytest

from sojourn.cli import journal
from sojourn.cli.journal import Feed
from sojourn.cli.session import run
from tests.cli.terminal import Terminal


def test_events_are_listed_oldest_first_and_filtered(acme: Terminal) -> None:
    acme("hold", "acme", "--reason", "summer", "--as", "ann")
    told = acme("events", "acme", "--json").json["events"]
    assert [e["seq"] for e in told] == [1, 2, 3, 4]
    first, last = told[0], told[-1]
    assert (first["from"], first["event"], first["to"]) == (None, "start_journey", "sandbox")
    assert (last["type"], last["actor"], last["reason"]) == ("journey.held", "ann", "summer")
    assert len(acme("events", "acme", "--limit", "2", "--json").json["events"]) == 2
    assert len(acme("events", "--type", "transition", "--json").json["events"]) == 1
    assert len(acme("events", "--type", "start_journey", "--json").json["events"]) == 1
    said = acme("events").out.splitlines()
    assert "acme" in said[0]
    assert "none → sandbox (start_journey) by" in said[0]
    assert "journey.held by ann: summer" in said[-1]


def test_no_event_is_said_so(cli: Terminal) -> None:
    assert cli("events").out == "no event yet\n"
    assert cli("events", "--json").json == {"events": []}
    assert "no event of type x" in cli("events", "--type", "x").out


def test_events_of_an_unknown_client_are_not_found(acme: Terminal) -> None:
    assert "did you mean 'acme'" in acme.refused("events", "acmo", code=5)
    assert "acmo" in acme.refused("events", "acmo", "--follow", code=5)


def test_following_an_ended_journey_prints_it_and_ends(acme: Terminal) -> None:
    acme("cancel", "acme", "--reason", "over")
    told = acme("events", "acme", "--follow", "--json").lines
    assert told[-1]["event"] == "cancel_journey"
    assert len(told) == 4


def test_following_tells_what_happens_until_ctrl_c(acme: Terminal) -> None:
    process = acme.spawn("events", "--follow", "--json", "--type", "journey.held", "--limit", "1")
    assert process.stdout is not None
    try:
        acme("hold", "acme", "--reason", "one")
        first = json.loads(process.stdout.readline())
        acme("resume", "acme")
        acme("hold", "acme", "--reason", "two")
        second = json.loads(process.stdout.readline())
        assert (first["reason"], second["reason"]) == ("one", "two")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()
        process.communicate()


def test_an_event_that_commits_late_is_told_once(
    acme: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are given out before commits, so a lower one may appear after a higher one."""

    async def work(app: object) -> None:
        feed = Feed(app, None, None)  # type: ignore[arg-type]
        rows = await feed.begin(100)
        late = rows[1]
        feed._seen.discard(late["event_id"])
        assert await feed.news() == [late]
        assert await feed.news() == []

    run(work)
    assert journal.SLACK > 100
