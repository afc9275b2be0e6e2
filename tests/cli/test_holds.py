from tests.cli.terminal import Terminal


def test_hold_and_resume_tell_what_they_do_and_do_it(acme: Terminal) -> None:
    told = acme.dry("hold", "acme", "--reason", "summer closing")
    assert [e["type"] for e in told["effects"]["events"]] == ["journey.held"]

    done = acme("hold", "acme", "--reason", "summer closing", "--as", "ann", "--json").json
    assert done["dry_run"] is False
    assert done["journey"]["held"]["by"] == "ann"
    assert done["journey"]["held"]["reason"] == "summer closing"
    assert done["journey"]["ball"] == "operator"
    assert acme("list", "--held", "--json").json["journeys"][0]["client_id"] == "acme"

    acme.dry("resume", "acme")
    assert acme("resume", "acme", "--json").json["journey"]["held"] is None


def test_a_hold_of_a_held_journey_is_refused(acme: Terminal) -> None:
    acme("hold", "acme", "--reason", "first")
    assert "held already: first" in acme.refused("hold", "acme", code=4)


def test_a_resume_without_a_hold_is_refused(acme: Terminal) -> None:
    assert "not held" in acme.refused("resume", "acme", code=4)


def test_cancel_wants_a_reason_and_ends_the_journey(acme: Terminal) -> None:
    assert "needs a reason (fix: --reason TEXT)" in acme.refused("cancel", "acme", code=2)
    told = acme.dry("cancel", "acme", "--reason", "contract ended")
    assert told["effects"]["transitions"][0]["to"] == "cancelled"
    assert set(told["effects"]["withdrawn"]) == {"install", "fill"}

    acme("cancel", "acme", "--reason", "contract ended")
    assert acme("list", "--json").json["journeys"] == []
    ended = acme("list", "--all", "--json").json["journeys"][0]
    assert (ended["stage"], ended["ball"]) == ("cancelled", "nobody")
    assert "has ended (cancelled)" in acme.refused("hold", "acme", code=4)


def test_an_unknown_client_is_not_found_with_a_hint(acme: Terminal) -> None:
    assert "did you mean 'acme'?" in acme.refused("hold", "acmee", code=5)
    assert acme("hold", "acmee", "--json", code=5).error["code"] == "not_found"


def test_who_acts_must_have_a_name(acme: Terminal) -> None:
    for name in ("", " ann", "a\nb", "x" * 101):
        assert "is no name" in acme.refused("hold", "acme", "--as", name, code=2)
    assert "is no name" in acme.refused("hold", "acme", "--role", "", code=2)
