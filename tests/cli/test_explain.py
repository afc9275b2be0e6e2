from tests.cli.terminal import Terminal


def test_it_says_why_who_and_when(acme: Terminal) -> None:
    told = acme("explain", "acme", "--json").json
    assert told["sentences"][0].startswith("acme (small@1) is in sandbox")
    assert told["gate"] == "sandbox/exit"
    assert told["ball"] == "agent"
    assert told["result"]["verdict"] == "insufficient_data"
    assert len(told["evidence_hash"]) == 64
    assert [t["name"] for t in told["triggers"]] == ["security_vulnerability", "client_request"]
    said = acme("explain", "acme").out
    assert "sojourn record acme cohort=10" in said
    assert "CLIENT" not in said
    assert "An agent has the ball" in said
    assert f"evidence {told['evidence_hash']}" in said


def test_a_hold_and_an_end_are_explained(acme: Terminal) -> None:
    acme("hold", "acme", "--reason", "summer", "--as", "ann")
    said = acme("explain", "acme").out
    assert "held by ann" in said
    assert "It cannot move before it is resumed." in said
    acme("cancel", "acme", "--reason", "over")
    told = acme("explain", "acme", "--json").json
    assert len(told["sentences"]) == 1
    assert told["result"]["checks"] == []
    assert "acme (small@1) is cancelled" in acme("explain", "acme").out


def test_an_unknown_client_is_not_found(acme: Terminal) -> None:
    assert acme("explain", "x", "--json", code=5).error["code"] == "not_found"
