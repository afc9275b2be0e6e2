from pathlib import Path

import pytest

from tests.cli.terminal import Terminal


def test_a_backup_is_restored_and_proved(acme: Terminal, tmp_path: Path) -> None:
    file = str(tmp_path / "acme.dump")
    assert "it holds 1 journeys" in acme("db", "backup", file, "--dry-run").out
    assert not Path(file).exists()
    told = acme("db", "backup", file, "--json").json
    assert (told["journeys"], told["bytes"]) == (1, Path(file).stat().st_size)
    before = acme.dump()
    acme.start("beta")
    said = acme.refused("db", "restore", file, code=4)
    assert "holds 2 journeys, which would be gone (fix: --replace" in said
    assert "would replace 2 journeys" in acme("db", "restore", file, "--replace", "--dry-run").out
    told = acme("db", "restore", file, "--replace", "--json").json
    assert (told["replaced"], told["journeys"], told["faults"]) == (2, 1, [])
    assert acme.dump() == before
    said = acme("db", "restore", file, "--replace").out
    assert "restored 1 journeys with 3 events; the audit proves them" in said


def test_a_backup_that_was_tampered_with_ends_with_status_4(acme: Terminal, tmp_path: Path) -> None:
    acme.sql("ALTER TABLE journey_events DISABLE TRIGGER USER")
    acme.sql("UPDATE journey_events SET actor = 'eve' WHERE seq = 2")
    file = str(tmp_path / "eve.dump")
    acme("db", "backup", file)
    assert "its content was changed" in acme("db", "restore", file, "--replace", code=4).out
    assert len(acme("db", "restore", file, "--replace", "--json", code=4).json["faults"]) == 1


def test_nothing_is_restored_under_workers_at_work(acme: Terminal, tmp_path: Path) -> None:
    file = str(tmp_path / "acme.dump")
    acme("db", "backup", file)
    acme.sql(
        "INSERT INTO workers (worker_id, host, pid, lease_until)"
        " VALUES (gen_random_uuid(), 'h', 1, now() + interval '1 hour')"
    )
    said = acme.refused("db", "restore", file, "--replace", code=4)
    assert "1 workers are at work on this database (fix: stop them" in said


def test_nothing_is_restored_where_it_could_not_be_proved(acme: Terminal, tmp_path: Path) -> None:
    file = str(tmp_path / "acme.dump")
    acme("db", "backup", file)
    acme.start("beta")
    before = acme.dump()
    acme.write("agents.yaml", "agents: []\n")
    assert "agents.yaml" in acme.refused("db", "restore", file, "--replace", code=2)
    assert acme.dump() == before


@pytest.mark.parametrize("words", [["db", "restore", "nowhere.dump"]])
def test_a_file_that_is_not_there(cli: Terminal, words: list[str]) -> None:
    assert "there is no file nowhere.dump" in cli.refused(*words, code=5)


def test_a_file_that_is_there_is_not_replaced(cli: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "x.dump"
    file.write_text("mine")
    assert "is there already" in cli.refused("db", "backup", str(file), code=4)
    assert file.read_text() == "mine"
    said = cli.refused("db", "restore", str(file), "--replace", code=6)
    assert "could not be restored, and nothing was changed" in said


def test_what_is_old_is_forgotten_and_the_audit_proves_the_rest(acme: Terminal) -> None:
    acme("record", "acme", "m=1")
    acme("cancel", "acme", "--reason", "it ends")
    acme("db", "clock", "--advance", "400d")
    assert acme("db", "prune", "--older-than", "500d", "--json").json["pruned"]["measurements"] == 0
    told = acme.dry("db", "prune", "--older-than", "365d")
    assert told["pruned"]["measurements"] == 1
    assert "forgot: 1 measurements" in acme("db", "prune", "--older-than", "365d").out
    assert acme("audit", "verify", "--json").json["verified"] is True
    acme("db", "prune", "--older-than", "soon", code=2)
