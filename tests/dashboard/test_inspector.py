from datetime import timedelta

from sojourn.core.criteria import Criterion, Observe, Operator
from sojourn.core.explain import explain
from sojourn.core.gates import door
from sojourn.dashboard.inspector import checks, limit_of, metrics_of, told
from tests.dashboard.life import DEMO, Life

QUALITY = Criterion("quality", Observe.METRIC, "quality", Operator.GE, 0.8)


def test_only_a_plain_number_is_a_level_of_the_plot() -> None:
    assert limit_of(QUALITY) == 0.8
    assert limit_of(Criterion("soak", Observe.SOAK, "soak", threshold=timedelta(days=2))) is None
    assert limit_of(Criterion("fact", Observe.FACT, "fact")) is None
    assert metrics_of([QUALITY, Criterion("fact", Observe.FACT, "fact")]) == {"quality"}
    assert told(0.9, QUALITY) == "0.9"


async def test_the_lines_are_the_gate_that_promotes(life: Life) -> None:
    shot, now = await life.story.shot(life.journeys["stark"]), life.story.now
    found = explain(shot, now)
    lines = checks(door(shot.path, shot.state), found.result, shot, {})
    assert [line.verdict for line in lines] == [c.verdict for c in found.result.checks]
    by = {line.criterion.name: line for line in lines}
    assert by[DEMO].asks_approval
    assert by[DEMO].waivable
    assert not by["quality"].waivable
    assert by["quality"].title == "Test queries are relevant"


async def test_the_page_shows_evidence_and_a_quiet_trigger_is_not_green_unseen(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get(life.key("stark"))).text
        assert 'class="spark"' in page
        assert "at most 30d old" in page
        assert "Not seen" in (await client.get(life.key("globex"))).text
