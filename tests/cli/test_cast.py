"""People do what is theirs, when it is due, in their working hours, and once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sojourn.app import App
from sojourn.cli.cast import (
    Cast,
    Deed,
    Person,
    Seen,
    approves,
    asks,
    at_work,
    entering,
    failed,
    held,
    rolled_back,
    tells,
)
from sojourn.cli.play import rows_of
from sojourn.control.door import RefusedError
from sojourn.core.commands import Approve, Command, Promote, RecordFacts
from sojourn.store import clock
from sojourn.store.sets import Row
from tests.cli.plays import opened, started

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
ANN = Person("ann", "sponsor", ("approver",))


async def row_of(app: App) -> Row:
    [row] = await rows_of(app.door)
    return row


def after(days: float) -> datetime:
    return MONDAY + timedelta(days=days)


def row(**changes: Any) -> Row:
    usual = {
        "current_stage": "sandbox",
        "stage_started_at": MONDAY,
        "visit": 1,
        "held_since": None,
        "gate": None,
        "ball_with": "client",
        "waiting_for": "",
        "rollbacks": 0,
    }
    return usual | changes


def gate(*failing: str, visit: int = 1) -> dict[str, Any]:
    return {"visit": visit, "failing": list(failing)}


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (MONDAY, MONDAY),
        (MONDAY.replace(hour=17, minute=59), MONDAY.replace(hour=17, minute=59)),
        (MONDAY.replace(hour=18), MONDAY.replace(day=6, hour=8, minute=30)),
        (MONDAY.replace(hour=3), MONDAY.replace(hour=8, minute=30)),
        (MONDAY.replace(day=9, hour=20), MONDAY.replace(day=12, hour=8, minute=30)),
        (MONDAY.replace(day=10), MONDAY.replace(day=12, hour=8, minute=30)),
        (MONDAY.replace(day=11, hour=2), MONDAY.replace(day=12, hour=8, minute=30)),
    ],
)
def test_people_are_at_work_on_working_days(moment: datetime, then: datetime) -> None:
    assert at_work(moment) == then
    assert at_work(then) == then


def test_what_is_counted_from_the_first_entry_of_a_stage() -> None:
    seen = Seen(MONDAY, {})
    seen.look(row(), MONDAY, set())
    seen.look(row(current_stage="pilot", stage_started_at=after(3), visit=2), MONDAY, set())
    seen.look(row(stage_started_at=after(9), visit=4), MONDAY, set())
    assert entering("sandbox", 2)(seen) == MONDAY + timedelta(days=2)
    assert entering("pilot", 0.5)(seen) == MONDAY + timedelta(days=3.5)
    assert entering("production", 1)(seen) is None


def test_an_approval_waits_for_the_evidence_and_for_the_persons_time() -> None:
    deed = approves(ANN, "demo", 2, "seen")
    seen = Seen(MONDAY, {})
    seen.look(row(gate=gate("demo", "precision")), MONDAY, {"demo"})
    assert deed.when(seen) is None
    seen.look(row(gate=gate("demo")), after(1), {"demo"})
    assert deed.when(seen) == after(3)
    # The evidence is gone for a while: nobody approves, but nobody starts counting anew either.
    seen.look(row(gate=gate("demo", "precision")), after(2), {"demo"})
    assert deed.when(seen) is None
    seen.look(row(gate=gate("demo")), after(3), {"demo"})
    assert deed.when(seen) == after(3)
    assert deed.make(ANN) == Approve(
        actor="ann", roles=("approver",), criterion="demo", reason="seen"
    )


def test_a_gate_of_an_earlier_visit_says_nothing() -> None:
    seen = Seen(MONDAY, {})
    seen.look(row(visit=2, gate=gate("demo", visit=1)), MONDAY, {"demo"})
    assert approves(ANN, "demo", 0, "seen").when(seen) is None


def test_a_hold_and_a_failure_are_counted_from_when_they_began() -> None:
    seen = Seen(MONDAY, {})
    seen.look(row(held_since=MONDAY), after(1), set())
    assert held(4)(seen) == after(4)
    stuck = row(ball_with="operator", waiting_for="Install failed: no answer")
    seen.look(stuck, after(1), set())
    seen.look(stuck, after(2), set())
    assert failed(1)(seen) == after(2)
    seen.look(row(), after(3), set())
    assert failed(1)(seen) is None


def test_a_rollback_is_counted_from_the_stage_that_it_led_to() -> None:
    seen = Seen(MONDAY, {})
    seen.look(row(), MONDAY, set())
    assert rolled_back(1)(seen) is None
    seen.look(row(rollbacks=1, current_stage="rollback"), MONDAY, set())
    assert rolled_back(1)(seen) is None
    seen.look(row(rollbacks=1, stage_started_at=after(2)), after(2), set())
    assert rolled_back(1)(seen) == after(3)


def test_a_promotion_is_asked_for_where_the_gate_holds() -> None:
    deed, seen = asks(ANN, 0.5), Seen(MONDAY, {})
    seen.look(row(gate=gate("precision")), MONDAY, set())
    assert deed.when(seen) is None
    seen.look(row(gate=gate(), ball_with="soak"), MONDAY, set())
    assert deed.when(seen) is None
    seen.look(row(gate=gate(), held_since=MONDAY), MONDAY, set())
    assert deed.when(seen) is None
    seen.look(row(gate=gate()), MONDAY, set())
    assert deed.when(seen) == after(0.5)
    assert isinstance(deed.make(ANN), Promote)


async def test_what_is_tried_and_refused_lets_the_clock_go_on(database_url: str) -> None:
    async with opened(database_url) as app:
        journey_id = await started(app)
        trying = Deed(ANN, entering("sandbox", 0), deed_of_promotion, again=True, tries=True)
        seen = Seen(app.door.now(), {})
        tells_of = tells(ANN, "sandbox", 0, infrastructure_provisioned=True)
        cast = Cast(app.door, journey_id, (trying, tells_of))
        assert await cast.act(seen, await row_of(app)), "the next person acts"
        assert not await cast.act(seen, await row_of(app))
        sure = Cast(app.door, journey_id, (replace(trying, tries=False),))
        with pytest.raises(RefusedError):
            await sure.act(seen, await row_of(app))


def deed_of_promotion(person: Person) -> Command:
    return Promote(actor=person.name, reason="please")


async def test_a_deed_is_done_once_on_the_journeys_clock(database_url: str) -> None:
    async with opened(database_url) as app:
        journey_id = await started(app)
        ready = tells(ANN, "sandbox", 0.25, infrastructure_provisioned=True)
        late = tells(ANN, "sandbox", 0.5, data_sources=["jira"])
        assert isinstance(ready.make(ANN), RecordFacts)
        cast, seen = Cast(app.door, journey_id, (ready, late)), Seen(app.door.now(), {})
        assert not await cast.act(seen, await row_of(app))
        async with app.door.db.connection() as connection:
            app.door.clock = await clock.set_clock(connection, timedelta(hours=7))
        assert await cast.act(seen, await row_of(app))
        assert not await cast.act(seen, await row_of(app))
        # The second falls into the night: it is done in the morning.
        async with app.door.db.connection() as connection:
            app.door.clock = await clock.set_clock(connection, timedelta(hours=7))
        assert not await cast.act(seen, await row_of(app))
        async with app.door.db.connection() as connection:
            app.door.clock = await clock.set_clock(connection, timedelta(hours=10))
        assert await cast.act(seen, await row_of(app))
        assert (await row_of(app))["gate"]["failing"] != ["data_sources"]
