from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sojourn.engine.loop import PATIENCE, Loop
from sojourn.engine.vitals import Vitals


class Idle(Loop):
    """Has nothing to do."""

    name = "idle"

    async def once(self) -> float:
        return self.poll


def told(vitals: Vitals) -> dict[tuple[str, ...], float]:
    text = generate_latest(vitals.registry).decode()
    return {
        (s.name, *s.labels.values()): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if not s.name.endswith("_created")
    }


def test_what_was_done_is_counted() -> None:
    vitals = Vitals()
    vitals.count("claims")
    vitals.count("decisions", 3)
    vitals.count("outcomes", 1, "completed")
    vitals.count("outcomes", 2, "failed")
    found = told(vitals)
    assert found["sojourn_engine_claims_total",] == 1
    assert found["sojourn_engine_decisions_total",] == 3
    assert found["sojourn_engine_outcomes_total", "completed"] == 1
    assert found["sojourn_engine_outcomes_total", "failed"] == 2


async def test_a_loop_without_a_good_round_is_named() -> None:
    vitals, loop, other = Vitals(), Idle(1.0), Idle(3600.0)
    other.name = "other"
    vitals.watch([loop, other])
    assert vitals.hung() == []
    late = loop.good_at + 1 + PATIENCE + 1
    assert vitals.hung(late) == ["idle: no good round for 62 s"]
    await loop._round()
    assert told(vitals)["sojourn_loop_rounds_total", "idle"] == 1
    assert vitals.hung(loop.good_at) == []


def test_how_long_each_loop_has_been_quiet_is_told() -> None:
    vitals, loop = Vitals(), Idle(1.0)
    vitals.watch([loop])
    loop.good_at -= 40
    assert 40 <= told(vitals)["sojourn_loop_quiet_seconds", "idle"] < 60
