import pytest
from opentelemetry import trace

from sojourn.control import change, start, tick, traces
from sojourn.control.door import RefusedError
from sojourn.core.commands import HoldJourney, Promote
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import rows, still_door
from tests.tracer import traced

PATH = load(
    """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ metric: quality, is: ">= 1" }] }
    work: [{ name: w, tasks: [{ name: a, agent: x }] }]
"""
)
REMOTE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def test_nobody_looks_by_default() -> None:
    assert not traces.live()
    with traces.span("nothing", REMOTE) as span:
        assert not span.get_span_context().is_valid
        assert span is trace.INVALID_SPAN


def test_a_span_belongs_to_the_trace_that_is_named_or_to_the_present() -> None:
    with traced() as kept:
        with traces.span("outer", REMOTE, journey=7, unknown=None), traces.span("inner"):
            pass
        with traces.span("alone") as alone:
            traces.failed(alone, "no luck")
    inner, outer, other = kept.get_finished_spans()
    assert outer.context.trace_id == inner.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert outer.parent is not None
    assert outer.parent.span_id == 0xB7AD6B7169203331
    assert dict(outer.attributes or {}) == {"sojourn.journey": "7"}
    assert (other.parent, other.status.description) == (None, "no luck")
    assert not traces.live()


async def test_commands_and_looks_are_spans_and_what_they_make_belongs_to_them(
    db: Database,
) -> None:
    door = still_door(db)
    with traced() as kept:
        assert not await tick(door)
        decision = await start(door, PATH, "acme", "ann")
        while await tick(door):
            pass
        key = decision.state.journey_id
        await change(door, key, HoldJourney(actor="ann", reason="why"))
        with pytest.raises(RefusedError):
            await change(door, key, Promote(actor="ann"))
    spans = kept.get_finished_spans()
    names = [s.name for s in spans]
    assert names[0] == "command Start"
    assert names[-2:] == ["command HoldJourney", "command Promote"]
    assert not spans[-1].status.is_ok
    [(made,)] = await rows(db, "SELECT traceparent FROM tasks")
    known = {f"{s.context.trace_id:032x}-{s.context.span_id:016x}" for s in spans}
    assert made[3:-3] in known
    await start(door, PATH, "beta", "ann")
    while await tick(door):
        pass
    found = await rows(db, "SELECT traceparent FROM tasks WHERE traceparent IS NULL")
    assert len(found) == 1, "without a trace nothing is noted"
