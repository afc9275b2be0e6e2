from dataclasses import replace
from datetime import UTC, datetime

from sojourn.cli.stepper import short, steps
from sojourn.core.journeys import JourneyState
from sojourn.paths import load
from tests.journeys.small import SMALL

NOW = datetime(2026, 5, 3, tzinfo=UTC)
PATH = load(SMALL)
PILOT = JourneyState("acme", "pilot", "sandbox", NOW, NOW, ("sandbox",))


def test_every_stage_has_its_icon_and_name() -> None:
    assert steps(PILOT, PATH).plain == "✓ sandbox → ▶ pilot → · production"
    assert short(PILOT, PATH).plain == "✓▶· pilot"


def test_a_rollback_says_where_it_goes() -> None:
    state = replace(PILOT, current_stage="rollback", target_stage="sandbox")
    assert steps(state, PATH).plain.endswith("→ ↩ rolling back to sandbox")
    assert short(state, PATH).plain == "↩ rollback to sandbox"


def test_an_end_is_said_in_words() -> None:
    done = replace(PILOT, current_stage="completed", ended_at=NOW)
    assert short(done, PATH).plain == "✓ completed"
    assert steps(replace(done, current_stage="cancelled"), PATH).plain.endswith("✗ cancelled")
