"""What a criterion's keys need of each other, and which kinds fit where; checked in whole files."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from sojourn.core.criteria import STAGE_METRICS, Operator
from sojourn.paths import conditions, durations
from sojourn.paths.criteria import default_condition
from sojourn.paths.outline import Listed, Node, Sheet, criteria_of, kind_of, name_of
from sojourn.paths.problems import Fault

FITTING: Final[Mapping[str, tuple[str, ...]]] = {
    "entry": ("metric", "fact", "approval"),
    "exit": ("metric", "fact", "approval", "work", "soak", "rollout"),
    "wave": ("metric", "fact", "approval"),
    "trigger": ("metric", "fact"),
    "success": ("metric", "fact"),
    "checks": ("metric", "fact", "approval"),
}
"""Use of a criterion -> the kinds that can be judged there."""
USES: Final[Mapping[str, str]] = {
    "entry": "an entry gate",
    "exit": "an exit gate",
    "wave": "a wave",
    "trigger": "a trigger",
    "success": "a success metric",
    "checks": "the check of a rollback",
}
TAKEN: Final = "undone"
"""The check that every rollback has of itself."""


def criteria(sheet: Sheet) -> Iterator[Fault]:
    """Check every criterion of a document."""
    served = {s.text("name") for s in sheet.stages if "rollout" in s.data}
    for listed in criteria_of(sheet):
        for criterion in listed.criteria:
            yield from _fits(criterion, listed, served)
            if kind_of(criterion) in ("metric", "fact"):
                yield from _condition(criterion, listed)
            if kind_of(criterion) == "metric":
                yield from _needs(criterion)


def _fits(criterion: Node, listed: Listed, served: set[str | None]) -> Iterator[Fault]:
    kind = kind_of(criterion)
    allowed = FITTING[listed.use]
    if kind is not None and kind not in allowed:
        says = f"{kind!r} does not fit {USES[listed.use]}, which looks at {' or '.join(allowed)}"
        yield criterion.fault(says, kind, at_key=True)
    elif kind == "rollout" and listed.stage not in served:
        yield criterion.fault("this stage has no rollout, so this could never hold", "rollout")
    if listed.use == "checks" and name_of(criterion) == TAKEN:
        yield criterion.fault(f"the name {TAKEN!r} is taken: every rollback is checked by it")


def _condition(criterion: Node, listed: Listed) -> Iterator[Fault]:
    if "is" not in criterion.data:
        yield from _unconditional(criterion, listed)
        return
    try:
        condition = conditions.parse(criterion.data["is"])
    except ValueError:
        return
    bare = condition.operator != Operator.EXISTS
    number = isinstance(condition.threshold, int | float) and not isinstance(
        condition.threshold, bool
    )
    if kind_of(criterion) == "metric" and bare and not number:
        says = f"a metric is compared with a number, not {condition.threshold!r}"
        yield criterion.fault(says, "is")
    if condition.change and "baseline" not in criterion.data:
        says = "a change such as +20% needs a baseline (kind: previous or first, and window)"
        yield criterion.fault(says, "is")


def _unconditional(criterion: Node, listed: Listed) -> Iterator[Fault]:
    metric = criterion.text("metric")
    if metric is None:
        return
    if listed.use in ("trigger", "checks"):
        yield criterion.fault(f"'is' is missing: {USES[listed.use]} states its own condition")
    elif default_condition(metric, criterion.text("name"), listed.stage) is None:
        known = ", ".join(STAGE_METRICS.get(listed.stage or "", ())) or "none"
        says = f"'is' is missing: the specification has no threshold for {metric} here"
        yield criterion.fault(f'{says} (it has for: {known}); write for example is: ">= 0.85"')


def _needs(criterion: Node) -> Iterator[Fault]:
    for key, needed, why in _NEEDS:
        if key in criterion.data and needed not in criterion.data and _applies(criterion, key):
            yield criterion.fault(f"{key!r} needs {needed!r}: {why}", key)
    if "consecutive_passes" in criterion.data and "baseline" in criterion.data:
        says = "single values have no change to judge; with a baseline leave this out"
        yield criterion.fault(says, "consecutive_passes")
    window, every = (_length(criterion.data.get(key)) for key in ("window", "every"))
    if window and every and every > window:
        yield criterion.fault("'every' is longer than the window that it should fill", "every")


def _applies(criterion: Node, key: str) -> bool:
    return key != "aggregate" or criterion.data[key] != "latest"


def _length(value: object) -> timedelta | None:
    try:
        return durations.parse(value)
    except ValueError:
        return None


_NEEDS: Final = (
    ("aggregate", "window", "over which values is it taken?"),
    ("coverage", "window", "it is a share of the window"),
    ("coverage", "every", "how far apart may samples be and still observe without a gap?"),
    ("every", "coverage", "how much of the window must have been observed?"),
    ("spread", "window", "over which values is it taken?"),
    ("slope", "window", "over which values is it taken?"),
)
"""(key, what it needs beside it, why)."""

CHECKS: Final[tuple[Callable[[Sheet], Iterator[Fault]], ...]] = (criteria,)
