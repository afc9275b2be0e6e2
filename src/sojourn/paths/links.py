"""What a path file's parts say of each other: dependencies, and references in inputs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from sojourn.core.references import Reference, fault, find
from sojourn.core.work import InvalidWork, hint, order
from sojourn.paths.outline import Node, Sheet, units_of
from sojourn.paths.problems import Fault, Place

Edges = Mapping[str, list[str]]


def dependencies(sheet: Sheet) -> Iterator[Fault]:
    """Units depend on units of their stage, tasks on tasks of their unit, never in a circle."""
    for stage in sheet.stages:
        units = units_of(stage)
        yield from _graph(units, "unit of this stage", _rollout_name(stage))
        for unit in units:
            yield from _graph(unit.items("tasks"), "task of this unit")


def _graph(nodes: list[Node], what: str, rollout: str | None = None) -> Iterator[Fault]:
    known = _edges(nodes)
    for node in nodes:
        needs = node.texts("depends_on")
        for index, need in needs:
            if message := _bad_need(need, known, what, rollout):
                yield node.fault(message, "depends_on", index)
            elif need in [earlier for i, earlier in needs if i < index]:
                yield node.fault(f"{need!r} stands twice", "depends_on", index)
    yield from _circle(nodes, known)


def _bad_need(need: str, known: Edges, what: str, rollout: str | None) -> str | None:
    if need not in known:
        return f"there is no {what} {need!r}{hint(need, known)}"
    if need == rollout:
        return f"{need!r} runs once in each wave; nothing can wait for it"
    return None


def _circle(nodes: list[Node], known: Edges) -> Iterator[Fault]:
    edges = {name: [n for n in needs if n in known] for name, needs in known.items()}
    try:
        order(edges)
    except InvalidWork as error:
        name = error.place.partition(".")[0]
        node = next(n for n in nodes if n.text("name") == name)
        yield node.fault(str(error).partition(": ")[2], "depends_on")


def _edges(nodes: list[Node]) -> Edges:
    return {name: [n for _, n in node.texts("depends_on")] for node in nodes
            if (name := node.text("name"))}  # fmt: skip


def _rollout_name(stage: Node) -> str | None:
    rollout = stage.child("rollout")
    unit = rollout.child("unit") if rollout else None
    return unit.text("name") if unit else None


def reachable(name: str | None, edges: Edges) -> set[str]:
    """Return all that something depends on, directly or through others."""
    found: set[str] = set()
    left = list(edges.get(name or "", ()))
    while left:
        need = left.pop()
        if need not in found and need in edges:
            found.add(need)
            left += edges[need]
    return found


def references(sheet: Sheet) -> Iterator[Fault]:
    """Every reference is well formed and names what will be there when the task runs."""
    for stage in sheet.stages:
        units = units_of(stage)
        for unit in units:
            for task in unit.items("tasks"):
                yield from Site(units, unit, task).faults()
    yield from _nowhere(sheet.top.data.get("defaults"), ("defaults",), "in defaults")


class Site:
    """A task in its unit and stage, and what its references may name."""

    def __init__(self, units: list[Node], unit: Node, task: Node) -> None:
        self.task = task
        self.in_wave = unit.place[-2:] == ("rollout", "unit")
        siblings = unit.items("tasks")
        self.siblings = {t.text("name"): t for t in siblings}
        self.before = reachable(task.text("name"), _edges(siblings))
        self.units = {u.text("name"): u for u in units}
        self.earlier = reachable(unit.text("name"), _edges(units))

    def faults(self) -> Iterator[Fault]:
        """Return what is wrong with the references of the task."""
        yield from self.within("input", self.before)
        own = self.task.text("name")
        undo = self.task.child("undo")
        if undo:
            done = self.before | ({own} if own else set())
            yield from _wrong(undo.data.get("input"), (*undo.place, "input"), self.judge(done))
        yield from self.within("title", (), names=("item", "wave", "client"))
        yield from _nowhere(self.task.data.get("agent"), (*self.task.place, "agent"), "here")

    def within(
        self, key: str, tasks: Collection[str], names: tuple[str, ...] = ()
    ) -> Iterator[Fault]:
        """Return what is wrong with the references under a key."""
        place = (*self.task.place, key)
        yield from _wrong(self.task.data.get(key), place, self.judge(tasks, names))

    def judge(
        self, tasks: Collection[str], names: tuple[str, ...] = ()
    ) -> Callable[[Reference], str | None]:
        """Return what says why a reference cannot resolve, where ``tasks`` have completed."""

        def judged(reference: Reference) -> str | None:
            if names and reference.namespace not in names:
                return f"{reference} cannot stand here; only {', '.join(names)} can"
            return fault(reference) or self.unknown(reference, tasks)

        return judged

    def unknown(self, reference: Reference, tasks: Collection[str]) -> str | None:
        """Say why a well-formed reference names nothing."""
        match reference.parts:
            case ("item", *_) if "for_each" not in self.task.data:
                return f"{reference} stands for nothing: the task has no for_each"
            case ("wave", *_) if not self.in_wave:
                return f"{reference} stands for nothing: this is not the unit of a rollout"
            case ("tasks", name, *_):
                return _not_before(reference, "task", name, self.siblings, tasks)
            case ("units", name, task, *_):
                return self.unknown_unit(reference, name, task)
        return None

    def unknown_unit(self, reference: Reference, name: str, task: str) -> str | None:
        """Say why a reference to another unit names nothing."""
        wrong = _not_before(reference, "unit", name, self.units, self.earlier)
        if wrong:
            return wrong
        known = [str(t.text("name")) for t in self.units[name].items("tasks")]
        if task in known:
            return None
        return f"{reference}: unit {name!r} has no task {task!r}{hint(task, known)}"


def _not_before(
    reference: Reference,
    what: str,
    name: str,
    known: Mapping[str | None, Node],
    before: Collection[str],
) -> str | None:
    if name not in known:
        names = [n for n in known if n]
        return f"{reference}: there is no {what} {name!r}{hint(name, names)}"
    if name not in before:
        return f"{reference}: this {what} does not depend on {name!r}; add it to depends_on"
    return None


def _nowhere(value: Any, place: Place, where: str) -> Iterator[Fault]:
    yield from _wrong(value, place, lambda found: f"{found}: no reference can stand {where}")


def _wrong(value: Any, place: Place, judge: Callable[[Reference], str | None]) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _wrong(part, (*place, key), judge)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _wrong(part, (*place, index), judge)
    else:
        yield from (Fault(place, why) for found in find(value) if (why := judge(found)))


CHECKS: Final[tuple[Callable[[Sheet], Iterator[Fault]], ...]] = (dependencies, references)
