from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.scenario import Scenario, Spell, Trouble, read, scenario_of
from tests.sandbox.worlds import START, call, world

START_AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_spell_lasts_from_its_first_day_until_before_its_last() -> None:
    scenario = read(world({"kind": "latency", "from_day": 3, "until_day": 5, "amount": 1.5}))
    factors = [
        scenario.amount(Trouble.LATENCY, START_AT + timedelta(days=d), 1.0)
        for d in (2.9, 3, 4.99, 5)
    ]
    assert factors == [1.0, 1.5, 1.5, 1.0]


def test_a_spell_without_an_end_never_ends() -> None:
    scenario = read(world({"kind": "leak", "connector": "slack"}))
    later = START_AT + timedelta(days=1000)
    assert scenario.spell(Trouble.LEAK, later, "slack")
    assert not scenario.spell(Trouble.LEAK, later, "jira")


def test_of_two_spells_the_later_one_counts() -> None:
    first, second = Spell(Trouble.MOOD, 0, amount=1.0), Spell(Trouble.MOOD, 2, amount=2.0)
    scenario = Scenario(START_AT, (second, first))
    assert scenario.amount(Trouble.MOOD, START_AT + timedelta(days=3), 0.0) == 2.0
    assert scenario.begun(Trouble.MOOD)[1] == (START_AT, None)


def test_a_trouble_ends_with_the_next_work_of_the_agent_that_mends_it() -> None:
    later = START_AT + timedelta(days=2)
    mine = Spell(Trouble.BUG, 1, mended_by="deployment-agent")
    ahead = Spell(Trouble.BUG, 5, mended_by="deployment-agent")
    scenario = Scenario(START_AT, (mine, ahead), known_start=True)
    assert scenario.mended("survey-agent", later) == scenario
    after = scenario.mended("deployment-agent", later)
    assert after.spells == (mine.ended(2.0), ahead), "what is yet to come is not mended"
    assert after.mended("deployment-agent", later) == after
    assert after.spell(Trouble.BUG, later) is None
    assert read(after.written()) == after


def test_a_call_brings_its_own_world() -> None:
    assert scenario_of(call()) == Scenario()
    given = {"start": START, "spells": [{"kind": "bug"}]}
    assert scenario_of(call(world=given)) == Scenario(START_AT, (Spell(Trouble.BUG),), True)


def test_a_start_without_a_zone_is_utc() -> None:
    assert read({"start": START.removesuffix("Z")}).start == START_AT
    assert read({"start": START}).known_start
    assert not read({}).known_start


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rain", "world: must be an object"),
        ({"start": "tomorrow"}, "world.start: must be an ISO 8601 instant"),
        ({"spells": "x"}, "world.spells: must be a list"),
        ({"spells": [3]}, r"world.spells\[0\]: must be an object"),
        ({"spells": [{"kind": "latencey"}]}, r"world.spells\[0\].kind: .*did you mean 'latency'"),
        ({"spells": [{"kind": "bug", "from_day": "x"}]}, r"world.spells\[0\].from_day: must be"),
    ],
)
def test_a_faulty_world_is_refused_by_place(given: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(given)


def test_an_agent_has_its_own_faults_and_those_of_all() -> None:
    scenario = read(
        world(
            {"kind": "flaky", "from_day": 1, "amount": 0.5, "agent": "survey-agent"},
            {"kind": "lie", "from_day": 1},
        )
    )
    later = START_AT + timedelta(days=2)
    assert scenario.fault(Trouble.FLAKY, later, "survey-agent")
    assert scenario.fault(Trouble.FLAKY, later, "usage-agent") is None
    assert scenario.fault(Trouble.LIE, later, "usage-agent")
    assert scenario.fault(Trouble.LIE, START_AT, "usage-agent") is None


def test_a_scenario_that_is_written_is_read_as_it_was() -> None:
    spells = {"kind": "leak", "from_day": 2, "until_day": 3, "connector": "jira"}
    for given in (world(spells, {"kind": "dead", "agent": "usage-agent"}), {"spells": [spells]}):
        scenario = read(given)
        assert read(scenario.written()) == scenario
