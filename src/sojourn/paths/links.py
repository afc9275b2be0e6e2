"""What a path file's parts say of each other: dependencies, and references in inputs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sojourn.core.references import Reference, fault, find
from sojourn.core.work import InvalidWork, hint, order
from sojourn.paths.outline import Node, Sheet, units_of
from sojourn.paths.problems import Fault, Place

Edges = Mapping[str, list[str]]
Judge = Callable[[Reference], str | None]
"""Says why a reference cannot stand where it does; None where it can."""

TITLED: Final = ("item", "wave", "client")
"""Namespaces that are known when a task's title is written."""


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
        seen: set[str] = set()
        for index, need in node.texts("depends_on"):
            if message := _bad_need(need, known, what, rollout):
                yield node.fault(message, "depends_on", index)
            elif need in seen:
                yield node.fault(f"{need!r} stands twice", "depends_on", index)
            seen.add(need)
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
        units = Group(units_of(stage))
        for unit in units.nodes:
            tasks = Group(unit.items("tasks"))
            for task in tasks.nodes:
                yield from Site(units, unit, tasks, task).faults()
    yield from _nowhere(sheet.top.data.get("defaults"), ("defaults",), "in defaults")


class Group:
    """Units of a stage, or tasks of a unit: by name, and with what each depends on."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.edges = _edges(nodes)
        self.by_name = {name: node for node in nodes if (name := node.text("name"))}

    def before(self, node: Node) -> set[str]:
        """Return what has completed when something of the group begins."""
        return reachable(node.text("name"), self.edges)


class Site:
    """A task in its unit and stage, and what its references may name."""

    def __init__(self, units: Group, unit: Node, tasks: Group, task: Node) -> None:
        self.units = units
        self.unit = unit
        self.tasks = tasks
        self.task = task

    def faults(self) -> Iterator[Fault]:
        """Return what is wrong with the references of the task."""
        yield from self.within(self.task, "input", lambda r: fault(r) or self.unknown(r))
        if undo := self.task.child("undo"):
            own = self.task.text("name") or ""
            yield from self.within(undo, "input", lambda r: fault(r) or self.unknown(r, own))
        yield from self.within(self.task, "title", self.untitled)
        yield from _nowhere(self.task.data.get("agent"), (*self.task.place, "agent"), "here")

    def within(self, node: Node, key: str, judge: Judge) -> Iterator[Fault]:
        """Return what is wrong with the references under a key."""
        yield from _wrong(node.data.get(key), (*node.place, key), judge)

    def untitled(self, reference: Reference) -> str | None:
        """Say why a reference cannot stand in a title, which is written when work is planned."""
        if reference.namespace in TITLED:
            return fault(reference) or self.unknown(reference)
        return f"{reference} cannot stand here; only {', '.join(TITLED)} can"

    def unknown(self, reference: Reference, own: str = "") -> str | None:
        """Say why a well-formed reference names nothing; ``own`` is a task that may be named too."""
        match reference.parts:
            case ("item", *_) if "for_each" not in self.task.data:
                return f"{reference} stands for nothing: the task has no for_each"
            case ("wave", *_) if self.unit.place[-2:] != ("rollout", "unit"):
                return f"{reference} stands for nothing: this is not the unit of a rollout"
            case ("tasks", name, *_) if name != own:
                return _not_before(reference, "task", name, self.tasks, self.task)
            case ("units", name, task, *_):
                return self.unknown_unit(reference, name, task)
        return None

    def unknown_unit(self, reference: Reference, name: str, task: str) -> str | None:
        """Say why a reference to another unit names nothing."""
        wrong = _not_before(reference, "unit", name, self.units, self.unit)
        if wrong:
            return wrong
        known = [str(t.text("name")) for t in self.units.by_name[name].items("tasks")]
        if task in known:
            return None
        return f"{reference}: unit {name!r} has no task {task!r}{hint(task, known)}"


def _not_before(reference: Reference, what: str, name: str, group: Group, own: Node) -> str | None:
    if name not in group.by_name:
        return f"{reference}: there is no {what} {name!r}{hint(name, group.by_name)}"
    if name not in group.before(own):
        return f"{reference}: this {what} does not depend on {name!r}; add it to depends_on"
    return None


def _nowhere(value: Any, place: Place, where: str) -> Iterator[Fault]:
    yield from _wrong(value, place, lambda found: f"{found}: no reference can stand {where}")


def _wrong(value: Any, place: Place, judge: Judge) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _wrong(part, (*place, key), judge)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _wrong(part, (*place, index), judge)
    else:
        yield from (Fault(place, why) for found in find(value) if (why := judge(found)))


CHECKS: Final[tuple[Callable[[Sheet], Iterator[Fault]], ...]] = (dependencies, references)
