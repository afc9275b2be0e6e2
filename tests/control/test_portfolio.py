import pytest

from sojourn.control.portfolio import look, plans, targets
from sojourn.store.postgres import Database
from tests.doors import START, later, rows
from tests.journeys.small import SMALL
from tests.journeys.story import open_story

FACTS = {"contract_signed": True, "cohort": 20}


async def test_figures_follow_from_what_really_happened(db: Database) -> None:
    story, _ = open_story(db)
    door = story.door
    await story.start(SMALL, "acme", facts=FACTS)
    await story.start(SMALL, "slow")
    later(door, days=3)
    await story.tell("acme", quality=0.9)
    later(door, days=4)
    await story.tell("acme", satisfaction=4.5)
    found = await look(door)
    figures = {f.name: f for f in found.figures}
    taken = figures["time_to_production"]
    assert taken.value == pytest.approx(7, abs=0.001)
    assert taken.n == 1
    assert figures["on_time_rate"].value == 1
    assert figures["first_pass_rate"].n == 2
    stages = {s.stage: s for s in found.stages}
    assert stages["sandbox"].taken.median == pytest.approx(3, abs=0.001)
    assert stages["sandbox"].open == 1
    assert stages["sandbox"].excess == pytest.approx(2, abs=0.001)
    assert (found.as_of - START).days == 7
    [(path_id,)] = await rows(db, "SELECT path_id FROM paths")
    assert plans(door, [path_id]) == {path_id: 10}
    assert targets(door, [path_id])[path_id, "pilot"] == 5
    assert (await look(door, owner="nobody")).journeys == 0
    await story.worker.close()
    await story.lease.close()
