from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from sojourn.api.callers import Caller
from sojourn.api.errands import ERRANDS
from sojourn.api.problems import ProblemError
from sojourn.control import tick
from sojourn.control.door import RefusedError
from sojourn.control.keys import Principal
from sojourn.store.postgres import Database
from tests.api.served import Api, serving
from tests.doors import rows

WHY = {"client": "acme", "reason": "because"}


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    async with serving(db) as api:
        await api.start("acme", {"contract_signed": True})
        while await tick(api.door):
            pass
        yield api


async def run(api: Api, name: str, role: str = "operator", /, **arguments: Any) -> Any:
    request = Request({"type": "http", "app": api.app, "headers": []})
    bound = "acme" if role == "client" else None
    principal = Principal("bot", (role,), client_id=bound)
    caller = Caller(principal, api.app.state.context, api.door, request)
    errand = ERRANDS[name]
    given = await errand.run(caller, errand.takes.model_validate(arguments))
    assert isinstance(given, errand.gives)
    return given


async def journal(api: Api) -> list[tuple[Any, ...]]:
    return await rows(
        api.door.db, "SELECT type, actor, reason FROM journey_events ORDER BY event_id DESC LIMIT 1"
    )


async def test_status_says_where_a_journey_stands(api: Api) -> None:
    found = await run(api, "get_journey", "viewer", client="acme")
    assert found.journey.stage == "sandbox"
    assert found.text.startswith("acme (small@1) is in sandbox for 0.0 of 5 days, ")
    held = await run(api, "hold", **WHY)
    assert "Held by bot: because." in held.text


async def test_explain_says_what_is_missing(api: Api) -> None:
    found = await run(api, "explain", "client", client="acme")
    assert any("quality" in sentence for sentence in found.sentences)
    assert found.evidence_hash


async def test_a_journey_is_started_on_a_path_that_there_is(api: Api) -> None:
    given = {"client": "medtronic", "reason": "signed", "facts": {"contract_signed": True}}
    done = await run(api, "start_journey", path="healthcare", owner="ann", **given)
    assert (done.journey.path, done.journey.owner) == ("healthcare", "ann")
    assert done.text.startswith("Started journey-medtronic-2026. medtronic (healthcare@1)")
    with pytest.raises(ProblemError, match="no path 'healthcar'; did you mean"):
        await run(api, "start_journey", path="healthcar", **given)
    with pytest.raises(ProblemError, match="no stage 'pilots'; did you mean 'pilot'"):
        await run(api, "start_journey", until="pilots", **given)
    with pytest.raises(RefusedError, match="active journey"):
        await run(api, "start_journey", path="healthcare", **given)


async def test_a_hold_and_its_end_are_in_the_journal_with_who_and_why(api: Api) -> None:
    await run(api, "hold", **WHY)
    assert await journal(api) == [("journey.held", "bot", "because")]
    done = await run(api, "resume", **WHY)
    assert done.journey.held is None


async def test_a_shut_gate_refuses_with_its_checks(api: Api) -> None:
    with pytest.raises(RefusedError) as found:
        await run(api, "promote", **WHY)
    assert found.value.refusal.code == "gate"
    assert found.value.refusal.result is not None


async def test_a_rollback_is_previewed_and_done(api: Api) -> None:
    told = await run(api, "initiate_rollback", dry_run=True, **WHY)
    assert told.dry_run
    assert told.effects.events
    assert (await run(api, "get_journey", client="acme")).journey.stage == "sandbox"
    done = await run(api, "initiate_rollback", **WHY)
    assert done.effects is None
    assert (done.journey.stage, done.journey.target_stage) == ("rollback", "sandbox")


async def test_metrics_and_facts_are_recorded(api: Api) -> None:
    noted = await run(api, "record", name="quality", value=0.9, n=40, **WHY)
    assert (noted.measurements, noted.facts) == (1, 0)
    assert noted.text == "Recorded 1 measurement of acme."
    assert (await run(api, "record", name="contract_signed", value=True, **WHY)).facts == 1
    [(source, n)] = await rows(api.door.db, "SELECT source, n FROM measurements")
    assert (source, n) == ("bot", 40)


@pytest.mark.parametrize("name", [n for n, e in ERRANDS.items() if e.writes])
async def test_who_only_looks_changes_nothing(api: Api, name: str) -> None:
    more: dict[str, dict[str, Any]] = {
        "approve": {"criterion": "x"},
        "record": {"name": "quality", "value": 1},
    }
    for role in ("viewer", "agent"):
        with pytest.raises((ProblemError, RefusedError)) as found:
            await run(api, name, role, **WHY, **more.get(name, {}))
        assert isinstance(found.value, ProblemError)
        assert found.value.status == 403


@pytest.mark.parametrize("name", [n for n, e in ERRANDS.items() if e.writes])
def test_every_change_needs_a_reason(name: str) -> None:
    for given in ({}, {"reason": ""}, {"reason": "  "}):
        with pytest.raises(ValidationError, match="reason"):
            ERRANDS[name].takes.model_validate({"client": "acme", **given})


def test_errands_describe_themselves() -> None:
    for errand in ERRANDS.values():
        assert errand.description.endswith(".")
        assert errand.example
        assert issubclass(errand.gives, BaseModel)
        assert set(errand.gives.model_fields) & {"text", "sentences"}
