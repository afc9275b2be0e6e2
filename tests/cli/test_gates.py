from tests.cli.terminal import Terminal


def ready(cli: Terminal) -> None:
    """Start acme on the standard path, admitted to its sandbox."""
    facts = ("contract_signed=true", "infrastructure_provisioned=true", "data_sources=[jira]")
    cli("start", "acme", *(word for fact in facts for word in ("--fact", fact)))


def test_a_gate_that_does_not_hold_refuses_with_status_3_and_says_why(acme: Terminal) -> None:
    before = acme.dump()
    assert acme("promote", "acme", "--dry-run", code=3).out == ""
    assert acme.dump() == before
    error = acme("promote", "acme", "--json", "--as", "ann", code=3).error
    assert error["code"] == "gate"
    assert error["gate"]["passed"] is False
    checks = {c["name"]: c for c in error["gate"]["checks"]}
    assert checks["quality"]["verdict"] == "insufficient_data"
    assert checks["work"]["verdict"] == "pending"
    said = acme("promote", "acme", code=3).err
    assert said.startswith("error: 0 of 3 checks hold")
    assert "(fix: sojourn explain acme)" in said


def test_a_failed_attempt_is_kept_in_the_history(acme: Terminal) -> None:
    acme("promote", "acme", "--as", "ann", code=3)
    entry, attempt = acme("gate", "history", "acme", "--json").json["attempts"]
    assert (entry["kind"], entry["passed"]) == ("entry", True)
    assert (attempt["kind"], attempt["actor"], attempt["passed"]) == ("manual", "ann", False)
    assert {c["name"] for c in attempt["checks"]} == {"work", "quality", "cohort"}
    said = acme("gate", "history", "acme").out
    assert "✓ passed" in said
    assert "ann" in said


def test_a_gate_that_holds_is_passed(acme: Terminal) -> None:
    acme.settle()
    acme("record", "acme", "cohort=20")
    acme("record", "acme", "quality=0.9")
    told = acme.dry("promote", "acme")
    assert told["effects"]["transitions"] == [
        {
            "from": "sandbox",
            "event": "promote_to_pilot",
            "to": "pilot",
            "reason": "3 of 3 checks hold",
        }
    ]
    done = acme("promote", "acme", "--json").json
    assert done["journey"]["stage"] == "pilot"
    assert done["journey"]["completed_stages"] == ["sandbox"]


def test_gate_show_has_every_check_and_the_evidence_hash(acme: Terminal) -> None:
    told = acme("gate", "show", "acme", "--json").json
    assert told["gate"] == "sandbox/exit"
    assert len(told["evidence_hash"]) == 64
    check = told["checks"][0]
    assert check.keys() >= {"name", "passed", "actual_value", "expected_value", "message"}
    assert check.keys() >= {"verdict", "n", "age_s", "source", "remedy", "possible_at"}
    assert "? insufficient data" in acme("gate", "show", "acme").out


def test_an_approval_is_bound_to_the_evidence_that_was_looked_at(cli: Terminal) -> None:
    ready(cli)
    seen = cli("explain", "acme", "--json").json["evidence_hash"]
    cli("record", "acme", "production_infrastructure_ready=true")
    said = cli.refused("approve", "acme", "stakeholder_demo", "--evidence", seen, code=4)
    assert "the evidence has changed since you looked" in said
    now = cli("explain", "acme", "--json").json["evidence_hash"]
    cli.dry("approve", "acme", "stakeholder_demo", "--evidence", now)
    cli("approve", "acme", "stakeholder_demo", "--evidence", now.upper(), "--as", "ann")
    checks = {c["name"]: c for c in cli("gate", "show", "acme", "--json").json["checks"]}
    assert checks["stakeholder_demo"]["message"] == "approved by ann"


def test_nobody_approves_their_own_request_nor_without_the_role(cli: Terminal) -> None:
    ready(cli)
    cli("promote", "acme", "--as", "ann", code=3)
    own = cli.refused("approve", "acme", "stakeholder_demo", "--as", "ann", code=4)
    assert "nobody approves their own request" in own
    words = ("approve", "acme", "stakeholder_demo", "--as", "bob", "--role", "guest")
    assert "needs one of the roles" in cli.refused(*words, code=4)
    assert cli(*words, "--json", code=4).error["code"] == "role"


def test_what_is_no_approval_or_not_faced_cannot_be_approved(cli: Terminal) -> None:
    ready(cli)
    said = cli.refused("approve", "acme", "work", code=2)
    assert "approvals asked for: stakeholder_demo" in said
    said = cli.refused("approve", "acme", "stakeholder_dem", code=5)
    assert "did you mean 'stakeholder_demo'?" in said


def test_a_rejection_wants_a_reason_and_fails_the_check(cli: Terminal) -> None:
    ready(cli)
    assert "needs a reason" in cli.refused("reject", "acme", "stakeholder_demo", code=2)
    words = ("reject", "acme", "stakeholder_demo", "--reason", "two are missing", "--as", "ann")
    cli.dry(*words)
    cli(*words)
    checks = {c["name"]: c for c in cli("gate", "show", "acme", "--json").json["checks"]}
    assert checks["stakeholder_demo"]["verdict"] == "failed"
    assert "rejected by ann: two are missing" in checks["stakeholder_demo"]["message"]


def test_a_waiver_wants_reason_role_and_a_sound_duration(acme: Terminal) -> None:
    assert "needs a reason" in acme.refused("waive", "acme", "quality", code=2)
    bad = acme.refused("waive", "acme", "quality", "--reason", "x", "--for", "7", code=2)
    assert "--for: '7' has no unit" in bad
    words = ("waive", "acme", "quality", "--reason", "tool is down", "--for", "3d")
    assert "one of the roles" in acme.refused(*words, "--role", "guest", code=4)
    acme.dry(*words)
    told = acme(*words, "--as", "ann", "--json").json
    checks = {c["name"]: c for c in told["gate"]["checks"]}
    assert (checks["quality"]["verdict"], checks["quality"]["passed"]) == ("waived", True)
    assert "waived by ann" in checks["quality"]["message"]


def test_a_history_without_attempts_says_so(cli: Terminal) -> None:
    cli.start(facts=False)
    assert "has not come to a gate yet" in cli("gate", "history", "acme").out
    assert cli("gate", "history", "acme", "--json").json == {"attempts": []}


def test_an_ended_journey_faces_no_gate(acme: Terminal) -> None:
    acme("cancel", "acme", "--reason", "over")
    told = acme("gate", "show", "acme", "--json").json
    assert (told["gate"], told["checks"]) == ("", [])
    assert "it has ended" in acme("gate", "show", "acme").out
    assert "has ended" in acme.refused("promote", "acme", code=4)
