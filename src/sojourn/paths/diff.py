"""What changed between two paths, thing by thing, in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final

from sojourn.core.criteria import Criterion
from sojourn.core.paths import Path, StagePlan, TaskPlan, Trigger, UnitPlan, Wave
from sojourn.paths import words


class Kind(StrEnum):
    """What became of it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``place`` is like ``pilot.exit.bug_count``, old and new are in words."""

    kind: Kind
    place: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        if self.kind == Kind.CHANGED:
            return f"~ {self.place}: {self.old or 'nothing'} -> {self.new or 'nothing'}"
        sign, thing = ("+", self.new) if self.kind == Kind.ADDED else ("-", self.old)
        return f"{sign} {self.place}: {thing}"


def diff(old: Path, new: Path) -> list[Change]:
    """Return every difference between two paths; none if and only if their content is the same."""
    return list(_fields(old, new, ()))


Steps = tuple[str, ...]
_SILENT: Final = ("stages", "criteria", "tasks", "criterion", "waves")
"""Fields that stand for what is in them; their own names would only lengthen a place."""
_KEYS: Final = {"input_data": "input", "agent_id": "agent", "lasting": "for", "task_id": "name"}
"""Field of core -> key of the file, where they differ."""
_UNCOMPARED: Final = ("digest", "version")


def _fields(old: Any, new: Any, place: Steps) -> Iterator[Change]:
    for field in fields(old):
        if field.name in _UNCOMPARED and not place:
            continue
        key = _KEYS.get(field.name, field.name)
        title = isinstance(old, TaskPlan) and field.name == "name"
        inner = place if key in _SILENT else (*place, "title" if title else key)
        yield from _compare(getattr(old, field.name), getattr(new, field.name), inner)


def _compare(old: Any, new: Any, place: Steps) -> Iterator[Change]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, Criterion | Trigger) and type(old) is type(new):
        yield from _in_one_line(old, new, place)
    elif is_dataclass(old) and type(old) is type(new):
        yield from _fields(old, new, place)
    elif _named(old, new):
        yield from _mapping(_by_name(old), _by_name(new), place)
        yield from _order(old, new, place)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping(old, new, place)
    else:
        yield from _leaf(old, new, place)


def _in_one_line(old: Any, new: Any, place: Steps) -> Iterator[Change]:
    before, after = describe(old), describe(new)
    if before == after:
        yield from _fields(old, new, place)
        return
    yield Change(Kind.CHANGED, ".".join(place), before, after)


def _mapping(old: Mapping[str, Any], new: Mapping[str, Any], place: Steps) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        here = (*place, name)
        if name not in new:
            yield Change(Kind.REMOVED, ".".join(here), describe(old[name]), None)
        elif name not in old:
            yield Change(Kind.ADDED, ".".join(here), None, describe(new[name]))
        else:
            yield from _compare(old[name], new[name], here)


def _order(old: Sequence[Any], new: Sequence[Any], place: Steps) -> Iterator[Change]:
    before, after = list(_by_name(old)), list(_by_name(new))
    kept, still = [n for n in before if n in after], [n for n in after if n in before]
    if kept != still:
        here = ".".join((*place, "order"))
        yield Change(Kind.CHANGED, here, ", ".join(before), ", ".join(after))


def _leaf(old: Any, new: Any, place: Steps) -> Iterator[Change]:
    before, after = describe(old), describe(new)
    if before == after:
        before, after = repr(old), repr(new)
    where = ".".join(place)
    if old is None:
        yield Change(Kind.ADDED, where, None, after)
    elif new is None:
        yield Change(Kind.REMOVED, where, before, None)
    else:
        yield Change(Kind.CHANGED, where, before, after)


def _named(old: Any, new: Any) -> bool:
    both = (*old, *new) if isinstance(old, tuple) and isinstance(new, tuple) else ()
    return bool(both) and all(is_dataclass(thing) for thing in both)


def _by_name(things: Sequence[Any]) -> dict[str, Any]:
    return {_name(thing, i): thing for i, thing in enumerate(things, 1)}


def _name(thing: Any, number: int) -> str:
    match thing:
        case Wave():
            return f"wave {number}"
        case Trigger():
            return str(thing.criterion.name)
        case TaskPlan():
            return thing.task_id
    return str(thing.name)


def describe(thing: Any) -> str:
    """Return a part of a path in one line."""
    say = _SAY.get(type(thing))
    if say:
        return say(thing)
    if isinstance(thing, Mapping):
        return ", ".join(f"{name}: {describe(part)}" for name, part in thing.items()) or "nothing"
    if isinstance(thing, tuple | list):
        return ", ".join(map(describe, thing)) or "nothing"
    if is_dataclass(thing) and not isinstance(thing, type):
        return ", ".join(
            f"{_KEYS.get(f.name, f.name)}: {describe(part)}"
            for f in fields(thing)
            if (part := getattr(thing, f.name)) not in (None, "", (), {})
        )
    return words.value(thing)


def _stage(stage: StagePlan) -> str:
    gates = f"{len(stage.entry.criteria)} entry and {len(stage.exit.criteria)} exit criteria"
    return f"stage of {words.schedule(stage)}; {gates}, {len(stage.work)} units of work"


def _unit(unit: UnitPlan) -> str:
    return f"{words.unit(unit)}; {', '.join(t.task_id for t in unit.tasks)}"


_SAY: Final[Mapping[type, Callable[[Any], str]]] = {
    Criterion: words.sentence,
    Trigger: words.trigger,
    TaskPlan: words.task,
    Wave: words.wave,
    StagePlan: _stage,
    UnitPlan: _unit,
}
