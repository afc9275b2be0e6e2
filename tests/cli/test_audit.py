import json
from hashlib import sha256

from sojourn.core.journal import spell
from tests.cli.terminal import Terminal


def test_a_sound_journal_is_proved(acme: Terminal) -> None:
    acme.start("beta")
    acme.settle()
    told = acme("audit", "verify", "--json").json
    assert (told["verified"], told["journeys"], told["faulty"]) == (True, 2, [])
    assert told["events"] >= 8
    assert "✓ " in acme("audit", "verify", "acme").out
    assert acme("audit", "verify", "acme", "--json").json["journeys"] == 1


def test_tampering_is_found_and_named_and_ends_with_status_4(acme: Terminal) -> None:
    acme.start("beta")
    acme.sql("ALTER TABLE journey_events DISABLE TRIGGER USER")
    acme.sql(
        "UPDATE journey_events SET actor = 'eve' WHERE seq = 2 AND journey_id IN "
        "(SELECT journey_id FROM journey_states WHERE client_id = 'beta')"
    )
    told = acme("audit", "verify", "--json", code=4).json
    assert told["verified"] is False
    [one] = told["faulty"]
    assert one["client_id"] == "beta"
    assert "event 2: its content was changed" in one["faults"][0]
    assert "✗ beta" in acme("audit", "verify", code=4).out
    acme("audit", "verify", "acme")


def test_an_empty_database_is_proved(cli: Terminal) -> None:
    assert cli("audit", "verify", "--json").json["journeys"] == 0


def test_an_export_can_be_checked_with_nothing_but_a_hash(acme: Terminal) -> None:
    events = acme("audit", "export", "acme").lines
    assert [e["seq"] for e in events] == [1, 2, 3]
    prev = bytes(32)
    for event in events:
        fields = {k: event[k] for k in ("seq", "type", "actor", "reason", "cause", "data")}
        at = event["at"] if "." in event["at"] else event["at"].replace("+", ".000000+")
        fields |= {"journey": event["journey_id"], "at": at, "transition": event["transition"]}
        prev = sha256(prev + spell(fields).encode()).digest()
        assert prev.hex() == event["hash"]


def test_an_export_to_a_file_never_overwrites(acme: Terminal) -> None:
    file = acme.folder / "out.jsonl"
    assert "wrote 3 events" in acme("audit", "export", "--output", str(file)).out
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 3
    said = acme.refused("audit", "export", "-o", str(file), code=2)
    assert "is there already" in said
    other = str(acme.folder / "two.jsonl")
    assert acme("audit", "export", "-o", other, "--json").json == {"file": other, "events": 3}
    assert "cannot be written" in acme.refused("audit", "export", "-o", "/no/where", code=2)


def test_an_unknown_client_is_not_found(acme: Terminal) -> None:
    assert acme("audit", "verify", "x", "--json", code=5).error["code"] == "not_found"
    assert acme("audit", "export", "x", "--json", code=5).error["code"] == "not_found"
