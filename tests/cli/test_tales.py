"""The scenarios speak of things that their path has."""

import pytest

from sojourn.agents.directory import Directory
from sojourn.cli.tales import PATH, TALES, Tale
from sojourn.core.paths import Path
from sojourn.paths import find, load_file


@pytest.fixture(scope="module")
def path() -> Path:
    return load_file(find(PATH))


def test_every_scenario_is_there() -> None:
    assert list(TALES) == [
        "happy",
        "latency-regression",
        "security-finding",
        "low-satisfaction",
        "critical-bug",
        "flaky-agent",
        "dead-agent",
        "lying-agent",
        "client-pause",
        "cancelled",
    ]
    assert len({tale.about for tale in TALES.values()}) == len(TALES)


@pytest.mark.parametrize("tale", TALES.values(), ids=lambda tale: tale.name)
def test_a_scenario_speaks_of_stages_triggers_and_agents_that_there_are(
    tale: Tale, path: Path
) -> None:
    agents = Directory.load()
    for turn in tale.turns:
        kinds = {trigger.kind for trigger in path.stage(turn.left).triggers}
        assert turn.trigger in kinds
        assert path.has(turn.target)
    for mishap in tale.mishaps:
        assert path.has(mishap.stage)
        assert all(name in agents for name in (mishap.mended_by, mishap.agent) if name)
        assert mishap.mended_by or mishap.lasts or mishap.agent
    if tale.strike:
        assert path.has(tale.strike.stage)
        assert tale.strike.agent in agents
