from sojourn.control.change import preview
from sojourn.core.commands import Cancel, HoldJourney, RollBack
from sojourn.dashboard.effects import effects
from tests.dashboard.life import Life


async def test_a_rollback_says_what_it_undoes_and_what_it_cannot(life: Life) -> None:
    door, key = life.story.door, life.journeys["stark"]
    found = effects(await preview(door, key, RollBack(actor="ann", reason="wrong tenant")))
    assert found.moves == [("sandbox", "rollback")]
    assert [t.name for t in found.units[0].tasks] == [
        "Undo Load them",
        "Undo Connect the sources",
        "Undo Prepare the tenant",
    ]
    assert found.lasting == ["Tell the client"]


async def test_other_deeds(life: Life) -> None:
    door = life.story.door
    held = effects(await preview(door, life.journeys["acme"], HoldJourney(actor="ann", reason="x")))
    assert (held.moves, held.steps) == ([], ["journey held"])
    ended = effects(await preview(door, life.journeys["initech"], Cancel(actor="a", reason="x")))
    assert ended.moves == [("sandbox", "cancelled")]
    assert ended.withdrawn == ["fill"]
    assert any(told.startswith("behind") for told in ended.resolved)
    assert ended.lasting == []
