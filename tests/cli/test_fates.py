"""The fleet: a hundred clients on the built-in paths, whose fates speak of what their path has."""

from collections import Counter
from dataclasses import replace

import pytest

from sojourn.agents.directory import Directory
from sojourn.cli.cast import Person, entering
from sojourn.cli.fates import FATES, Fate, fleet, holds
from sojourn.cli.fleet_story import tell_all
from sojourn.cli.people import EVERYDAY, PRIYA
from sojourn.cli.play import play
from sojourn.cli.scenery import step_of
from sojourn.core.commands import HoldJourney
from sojourn.paths import find, load_file
from tests.cli.plays import FAST, opened, staged

PARTS = fleet()


def test_there_are_a_hundred_clients_of_mixed_fates_on_every_path() -> None:
    assert len({part.client for part in PARTS}) == 100
    assert set(Counter(part.path for part in PARTS)) == set(EVERYDAY)
    assert {part.tale.end for part in PARTS} == {"completed", "cancelled", "sandbox"}
    assert {part.path for part in PARTS if part.tale.name == "happy"} == set(EVERYDAY)


@pytest.mark.parametrize("name", sorted({part.tale.name for part in PARTS}))
def test_a_fate_speaks_of_what_its_paths_have(name: str) -> None:
    agents = Directory.load()
    for part in (part for part in PARTS if part.tale.name == name):
        path = load_file(find(part.path))
        for turn in part.tale.turns:
            assert turn.trigger in {trigger.kind for trigger in path.stage(turn.left).triggers}
            assert path.has(turn.target)
        for mishap in part.tale.mishaps:
            assert path.has(mishap.stage)
            assert all(agent in agents for agent in (mishap.mended_by, mishap.agent) if agent)
        assert all(deed in EVERYDAY[part.path] for deed in part.tale.leaves)
        assert part.tale.end in ("completed", "cancelled") or part.tale.over


def test_somebody_holds_what_is_to_be_looked_at() -> None:
    deed = holds(entering("sandbox", 1), "look")
    who: Person = deed.who
    assert who == PRIYA
    assert deed.make(who) == HoldJourney(actor=who.name, roles=who.roles, reason="look")
    assert deed.tries, "a policy may have held it already"
    assert sum(f.standard + f.healthcare + f.financial_services for f in FATES) == 100


@pytest.mark.timeout(1000)
async def test_one_client_of_each_fate_and_path_comes_to_where_it_must(database_url: str) -> None:
    parts = fleet(tuple(_one_each(fate) for fate in FATES))
    tales = [part.tale for part in parts]
    async with opened(database_url) as app, staged(app, tales) as (known, running):
        done = await play(known, running, parts, speed=FAST, timeout=900, step=step_of(parts))
        story = await tell_all(app.door, done)
    wrong = [client for client in story["clients"] if not client["ok"]]
    assert wrong == []
    assert {client["path"] for client in story["clients"]} == {f"{name}@1" for name in EVERYDAY}


def _one_each(fate: Fate) -> Fate:
    return replace(fate, **{path: min(getattr(fate, path), 1) for path in EVERYDAY})
