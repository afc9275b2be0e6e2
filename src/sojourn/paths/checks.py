"""What must hold across a whole path file: names, targets, waves, durations that fit together."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from sojourn.core.stages import RESERVED
from sojourn.core.work import hint
from sojourn.paths import durations
from sojourn.paths.outline import Node, Sheet, name_of, units_of
from sojourn.paths.problems import Fault, Place
from sojourn.paths.schema import default

_FREE: Final = ("input", "defaults")
"""Keys under which any JSON value may stand, nothing included."""


def nothing_written(sheet: Sheet) -> Iterator[Fault]:
    """A key without a value is an oversight, except where any JSON value may stand."""
    yield from _nothing(sheet.top.data, ())


def _nothing(data: Any, place: Place) -> Iterator[Fault]:
    steps: Iterable[tuple[Any, Any]] = ()
    if isinstance(data, dict):
        steps = ((k, v) for k, v in data.items() if k not in _FREE or v is None)
    elif isinstance(data, list):
        steps = enumerate(data)
    for step, value in steps:
        if value is None:
            yield Fault((*place, step), "nothing stands here; write a value or leave it out")
        yield from _nothing(value, (*place, step))


def stage_names(sheet: Sheet) -> Iterator[Fault]:
    """Stages bear different names, and none that every path has already."""
    yield from _twice(sheet, sheet.stages, "in this path")
    for stage in sheet.stages:
        if stage.text("name") in RESERVED:
            taken = ", ".join(sorted(RESERVED))
            yield stage.fault(f"{stage.text('name')!r} is taken: every path has {taken}", "name")


def work_names(sheet: Sheet) -> Iterator[Fault]:
    """Units bear different names within a stage, tasks within a unit."""
    for stage in sheet.stages:
        units = units_of(stage)
        yield from _twice(sheet, units, "in this stage")
        for unit in units:
            yield from _twice(sheet, unit.items("tasks"), "in this unit")


def criterion_names(sheet: Sheet) -> Iterator[Fault]:
    """Criteria that are judged together bear different names, so that rulings name one of them.

    A stage's exit is judged with the entry of the stage after it.
    """
    exits: list[Node] = []
    for stage in sheet.stages:
        yield from _alike(sheet, [*exits, *_criteria(stage, "entry")])
        exits = _criteria(stage, "exit")
        yield from _alike(sheet, stage.items("success"))
        yield from _trigger_names(sheet, stage)
        rollout = stage.child("rollout")
        for wave in rollout.items("waves") if rollout else ():
            yield from _alike(sheet, wave.items("criteria"))
    yield from _alike(sheet, exits)
    rollback = sheet.top.child("rollback")
    yield from _alike(sheet, _criteria(rollback, "checks") if rollback else [])


def _criteria(owner: Node, gate: str) -> list[Node]:
    found = owner.child(gate)
    return found.items("criteria") if found else []


def _trigger_names(sheet: Sheet, stage: Node) -> Iterator[Fault]:
    pairs = [(t.child("when"), t.data.get("kind")) for t in stage.items("triggers")]
    named = [(when, name_of(when, kind)) for when, kind in pairs if when]
    yield from _repeated(sheet, named, "among these triggers")


def _alike(sheet: Sheet, criteria: list[Node]) -> Iterator[Fault]:
    named = [(c, name_of(c)) for c in criteria]
    yield from _repeated(sheet, named, "among criteria that are judged together")


def _twice(sheet: Sheet, nodes: list[Node], where: str) -> Iterator[Fault]:
    yield from _repeated(sheet, [(n, n.text("name")) for n in nodes], where)


def _repeated(
    sheet: Sheet, named: Iterable[tuple[Node, str | None]], where: str
) -> Iterator[Fault]:
    seen: dict[str, Node] = {}
    for node, name in named:
        if name is None:
            continue
        first = seen.setdefault(name, node)
        if first is node:
            continue
        line = sheet.line(*first.place)
        message = f"the name {name!r} stands twice {where}, first in line {line}"
        advice = "" if "name" in node.data else "; give this one a name of its own"
        yield node.fault(message + advice, *(("name",) if "name" in node.data else ()))


def trigger_targets(sheet: Sheet) -> Iterator[Fault]:
    """A rollback goes to an earlier stage; from the first one, to that stage afresh."""
    names = sheet.stage_names
    for stage in sheet.stages:
        own = stage.text("name")
        for trigger in stage.items("triggers"):
            if (target := trigger.text("target")) is None:
                continue
            if trigger.data.get("action", "rollback") != "rollback":
                yield trigger.fault("only the action rollback goes to a target", "target")
            if own in names and (message := _bad_target(target, own, names)):
                yield trigger.fault(message, "target")


def _bad_target(target: str, own: str, names: list[str]) -> str | None:
    allowed = names[: names.index(own)] or [own]
    if target in allowed:
        return None
    if target not in names:
        return f"there is no stage {target!r}{hint(target, names)}"
    return f"{target!r} is not an earlier stage; from {own} back to: {', '.join(allowed)}"


def waves(sheet: Sheet) -> Iterator[Fault]:
    """Waves ascend and end with everyone."""
    for stage in sheet.stages:
        rollout = stage.child("rollout")
        if rollout is None:
            continue
        steps = [(w, w.data.get("percent")) for w in rollout.items("waves")]
        sizes = [(w, p) for w, p in steps if isinstance(p, int) and not isinstance(p, bool)]
        for (_, before), (wave, percent) in pairwise(sizes):
            if percent <= before:
                yield wave.fault(f"{percent} does not come after {before}: waves ascend", "percent")
        if sizes and sizes[-1][1] != 100:
            yield sizes[-1][0].fault("the last wave must have 100 percent", "percent")


def lengths(sheet: Sheet) -> Iterator[Fault]:
    """Durations that bound each other do so in the right order."""
    for stage in sheet.stages:
        yield from _ordered(stage, "Stage", "target", "limit")
        for unit in units_of(stage):
            for task in unit.items("tasks"):
                yield from _ordered(task, "Task", "timeout", "deadline")
                retry = task.child("retry")
                yield from _ordered(retry, "Retry", "base", "longest") if retry else ()


def _ordered(node: Node, form: str, less: str, more: str) -> Iterator[Fault]:
    if less not in node.data and more not in node.data:
        return
    small, large = (_length(node.data.get(key, default(form, key))) for key in (less, more))
    if small is None or large is None or small <= large:
        return
    says = f"{less} ({durations.write(small)}) is longer than {more} ({durations.write(large)})"
    yield node.fault(says, less if less in node.data else more)


def _length(value: object) -> timedelta | None:
    try:
        return durations.parse_range(value)[1]
    except ValueError:
        return None


def contradictions(sheet: Sheet) -> Iterator[Fault]:
    """What is irreversible has no undo."""
    for stage in sheet.stages:
        for unit in units_of(stage):
            for task in unit.items("tasks"):
                if task.data.get("irreversible") is True and "undo" in task.data:
                    says = "a task has an undo or is irreversible, not both"
                    yield task.fault(says, "irreversible")


CHECKS: Final[tuple[Callable[[Sheet], Iterator[Fault]], ...]] = (
    nothing_written,
    stage_names,
    work_names,
    criterion_names,
    trigger_targets,
    waves,
    lengths,
    contradictions,
)
