"""The JSON Schema of path files, made from the forms; editors complete and check with it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

from sojourn.core import criteria, work
from sojourn.core import paths as core
from sojourn.paths import durations
from sojourn.paths.paths import PathForm
from sojourn.paths.problems import Place

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FILE: Final = "path.schema.json"

_CORE: Final[Mapping[str, tuple[type, ...]]] = {
    "Approval criterion": (criteria.ApprovalRule,),
    "Baseline": (criteria.Baseline,),
    "Gate": (core.Gate,),
    "Metric criterion": (criteria.Criterion, criteria.Evidence),
    "Retry": (work.Retry,),
    "Rollback": (core.RollbackPolicy,),
    "Stage": (core.StagePlan,),
    "Task": (core.TaskPlan,),
    "Trigger": (core.Trigger,),
    "Wave": (core.Wave,),
}
"""Form -> the types of core whose defaults stand for what a file leaves out."""
_RENAMED: Final = {("Trigger", "for"): "lasting"}
_UNSAID: Final = {"name", "title", "ball", "is"}
_ADDED: Final = {("Fact criterion", "is"): True, ("Criterion", "ball"): "operator"}


@cache
def schema() -> dict[str, Any]:
    """Return the schema as a JSON value, which nobody changes."""
    made = PathForm.model_json_schema()
    for part in [made, *made["$defs"].values()]:
        _tidy(part)
    head = {"$schema": DIALECT, "title": "Sojourn path", "description": made["description"]}
    return head | {name: part for name, part in made.items() if name not in head}


def text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write the file anew, after a change of the forms."""
    (FilePath(__file__).parent / FILE).write_text(text(), encoding="utf-8")


def _tidy(part: dict[str, Any]) -> None:
    for name, field in part.get("properties", {}).items():
        field.pop("title", None)
        _unwrap(field)
        found = default(part.get("title", ""), name)
        if found is not None and name not in part.get("required", ()):
            field["default"] = found
        if field.get("default", "") is None:
            del field["default"]


def _unwrap(field: dict[str, Any]) -> None:
    branches = [b for b in field.get("anyOf", ()) if b.get("type") != "null"]
    if len(branches) == 1:
        del field["anyOf"]
        field.update(branches[0])


def default(form: str, name: str) -> Any:
    """Return what core takes where a file leaves a key out, as the file would write it."""
    if (form, name) in _ADDED:
        return _ADDED[form, name]
    own = _RENAMED.get((form, name), name)
    if name in _UNSAID:
        return None
    every = (f for kind in _CORE.get(form, ()) for f in fields(kind) if f.name == own)
    return next((_written(f.default) for f in every), None)


def _written(value: Any) -> Any:
    if isinstance(value, timedelta):
        return durations.write(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return list(value) or None
    return value if isinstance(value, bool | int | float | str) and value != "" else None


def part_at(place: Place) -> Mapping[str, Any]:
    """Return the part of the schema that describes a place; an empty one where none does.

    A step ``<metric>`` chooses the form of a criterion, as in the errors of the forms.
    """
    found: Mapping[str, Any] = schema()
    for step in place:
        found = _step(_resolved(found), step)
    return _resolved(found)


def _step(part: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    if isinstance(step, int):
        return dict(part.get("items", {}))
    if step.startswith("<"):
        return next((f for f in _branches(part) if step[1:-1] in f["properties"]), {})
    inner = part.get("properties", {}).get(step, part.get("additionalProperties", {}))
    return inner if isinstance(inner, dict) else {}


def _branches(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (_resolved(branch) for branch in part.get("oneOf", ()))


def _resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    return schema()["$defs"][reference.rpartition("/")[2]] if reference else part
