from tests.cli.terminal import Terminal

UNDONE = ["Undo load", "Undo connect", "Undo prepare"]


def test_the_preview_shows_exactly_what_then_runs(acme: Terminal) -> None:
    acme.settle()
    told = acme.dry("rollback", "acme", "--reason", "client asks")
    effects = told["effects"]
    assert [t["event"] for t in effects["transitions"]] == ["initiate_rollback"]
    [unit] = effects["units"]
    assert [t["name"] for t in unit["tasks"]] == UNDONE
    assert [t["name"] for t in effects["irreversible"]] == ["tell"]
    said = acme("rollback", "acme", "--reason", "client asks", "--dry-run").out
    assert "WARNING: cannot be taken back: tell (teller)" in said
    assert said.index("Undo load") < said.index("Undo prepare")

    done = acme("rollback", "acme", "--reason", "client asks", "--json").json
    assert done["effects"]["units"] == effects["units"]
    acme.settle()
    units = acme("work", "list", "acme", "--all", "--json").json["units"]
    [undo] = [u for u in units if u["purpose"] == "rollback"]
    assert [t["name"] for t in undo["tasks"]] == UNDONE
    assert {t["status"] for t in undo["tasks"]} == {"completed"}
    shown = acme("show", "acme", "--json").json
    assert shown["journey"]["stage"] == "sandbox"
    assert shown["rollbacks"][0]["status"] == "completed"


def test_a_rollback_wants_a_reason_a_known_trigger_and_a_stage_that_was(acme: Terminal) -> None:
    assert "needs a reason" in acme.refused("rollback", "acme", code=2)
    bad = acme.refused("rollback", "acme", "--reason", "x", "--trigger", "weather", code=2)
    assert "critical_bug" in bad
    nowhere = acme.refused("rollback", "acme", "--reason", "x", "--to", "production", code=4)
    assert "'production' is not a stage to go back to; allowed: sandbox" in nowhere


def test_the_trigger_and_the_target_are_kept(acme: Terminal) -> None:
    words = ("--reason", "CVE-1", "--trigger", "security_vulnerability", "--to", "sandbox")
    acme("rollback", "acme", *words, "--as", "bob")
    [row] = acme("show", "acme", "--json").json["rollbacks"]
    assert row["trigger_type"] == "security_vulnerability"
    assert (row["from_stage"], row["target_stage"]) == ("sandbox", "sandbox")
    assert (row["actor"], row["reason"]) == ("bob", "CVE-1")
