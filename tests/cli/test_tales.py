"""The scenarios speak of things that their path has."""

import pytest

from sojourn.agents.directory import Directory
from sojourn.cli.tales import EVERYDAY, PATH, SIGNED, TALES, Tale
from sojourn.core.commands import Approve, RecordFacts
from sojourn.core.criteria import ApprovalRule, Observe
from sojourn.core.paths import Path, criteria_of, subjects
from sojourn.paths import find, load_file


@pytest.fixture(scope="module")
def path() -> Path:
    return load_file(find(PATH))


def test_every_scenario_of_the_issue_that_python_agents_allow_is_there() -> None:
    assert list(TALES) == [
        "happy",
        "latency-regression",
        "security-finding",
        "low-satisfaction",
        "critical-bug",
        "flaky-agent",
        "client-pause",
        "cancelled",
    ]
    assert len({tale.about for tale in TALES.values()}) == len(TALES)


def test_people_record_every_fact_and_approve_everything_that_the_path_asks_for(
    path: Path,
) -> None:
    made = [deed.make(deed.who) for deed in EVERYDAY]
    facts = {name for m in made if isinstance(m, RecordFacts) for name in m.facts} | set(SIGNED)
    asked = {c.subject for s in path.stages for place, c in criteria_of(s) if place != "trigger"}
    assert facts == asked & subjects(path, Observe.FACT)
    given = {m.criterion for m in made if isinstance(m, Approve)}
    assert given == {
        c.name for s in path.stages for _, c in criteria_of(s) if c.observe == Observe.APPROVAL
    }


def test_people_approve_in_a_role_that_may(path: Path) -> None:
    rules = {c.name: c.approval or ApprovalRule() for s in path.stages for _, c in criteria_of(s)}
    for deed in EVERYDAY:
        if deed.approves:
            assert set(deed.who.roles) & set(rules[deed.approves].roles), deed.approves


@pytest.mark.parametrize("tale", TALES.values(), ids=lambda tale: tale.name)
def test_a_scenario_speaks_of_stages_triggers_and_agents_that_there_are(
    tale: Tale, path: Path
) -> None:
    agents = Directory.load()
    for turn in tale.turns:
        kinds = {trigger.kind for trigger in path.stage(turn.left).triggers}
        assert turn.trigger in kinds
        assert path.has(turn.target)
    for mishap in tale.mischief.mishaps:
        assert path.has(mishap.stage)
        assert mishap.caused_by in agents
    assert all(agent in agents for agent, _ in tale.mischief.down)
