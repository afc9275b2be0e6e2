import json
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.core.criteria import (
    ApprovalRule,
    Baseline,
    Criterion,
    Evidence,
)
from sojourn.core.paths import Gate, Path, RollbackPolicy, Rollout, StagePlan, Trigger, Wave
from sojourn.core.paths import TaskPlan as Task
from sojourn.core.paths import UnitPlan as Unit
from sojourn.core.stages import JourneyStage, as_stage
from sojourn.core.work import Retry, Undo
from sojourn.paths import builtin, digest, from_document, load_file, to_document

PATHS = {name: load_file(file) for name, file in builtin().items()}

names = st.text("abc_", min_size=1, max_size=4)
spans = st.timedeltas(min_value=timedelta(0))
numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | st.integers(-(2**53), 2**53) | numbers | st.text(max_size=4)
plain = st.recursive(
    st.none() | scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
inputs = st.dictionaries(names, plain, max_size=2)
stage_names = st.sampled_from(["sandbox", "pilot", "own"]).map(as_stage)


def few(things: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return tuples of a few."""
    return st.lists(things, max_size=2).map(tuple)


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Return values of a field's plain type."""
    if isinstance(hint, UnionType):
        return st.none() | of(get_args(hint)[0])
    if issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return BASIC[hint]


def made(kind: type, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a dataclass with all its fields filled."""
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in known}
    return st.builds(kind, **known, **{name: of(hint) for name, hint in hints.items()})


BASIC = {str: names, timedelta: spans, float: numbers, int: st.integers(0, 99), bool: st.booleans()}
texts = st.dictionaries(names, names, max_size=2)
criteria = made(
    Criterion,
    threshold=scalars | spans,
    baseline=st.none() | made(Baseline),
    evidence=made(Evidence),
    approval=st.none() | made(ApprovalRule, roles=few(names)),
)
gates = made(Gate, criteria=few(criteria), waiver_roles=few(names))
tasks = made(
    Task,
    input_data=inputs,
    depends_on=few(names),
    retry=made(Retry),
    undo=st.none() | made(Undo, input_data=inputs),
    measures=texts,
    facts=texts,
)
units = made(Unit, tasks=few(tasks), depends_on=few(names))
triggers = made(Trigger, criterion=criteria, target=st.none() | stage_names)
waves = made(Wave, criteria=few(criteria))
stages = made(
    StagePlan,
    name=stage_names,
    entry=gates,
    exit=gates,
    work=few(units),
    triggers=few(triggers),
    rollout=st.none() | made(Rollout, waves=few(waves), unit=units),
    success=few(criteria),
)
paths = made(Path, stages=few(stages), rollback=made(RollbackPolicy, checks=gates), defaults=inputs)


@settings(max_examples=150, deadline=None)
@given(paths)
def test_any_path_goes_through_json_without_loss(path: Path) -> None:
    document = json.loads(json.dumps(to_document(path)))
    again = from_document(document)
    assert again == path
    assert to_document(again) == document
    assert digest(again) == digest(path)


@pytest.mark.parametrize("path", list(PATHS.values()), ids=PATHS)
def test_the_paths_that_come_with_sojourn_do_so_too(path: Path) -> None:
    again = from_document(json.loads(json.dumps(to_document(path))))
    assert again == path
    assert again.digest == digest(again)


def test_the_standard_stages_come_back_as_members() -> None:
    path = from_document(to_document(PATHS["standard"]))
    assert path.stages[0].name is JourneyStage.SANDBOX
    assert path.stages[0].triggers[0].target is JourneyStage.SANDBOX
    assert path.stages[2].exit.criteria[2].threshold == timedelta(days=2)


def test_the_digest_leaves_version_and_kind_of_number_out() -> None:
    path = PATHS["standard"]
    assert digest(replace(path, version=7, digest="")) == path.digest
    assert digest(replace(path, defaults={"a": 1})) == digest(replace(path, defaults={"a": 1.0}))
    assert digest(replace(path, defaults={"a": 1})) != digest(replace(path, defaults={"a": True}))
    assert digest(replace(path, defaults={"a": 1, "b": 2})) == digest(
        replace(path, defaults={"b": 2, "a": 1})
    )


def changed(change: dict[str, Any], *place: Any) -> dict[str, Any]:
    """Return the standard path's document with something changed."""
    document: dict[str, Any] = json.loads(json.dumps(to_document(PATHS["standard"])))
    found: Any = document
    for step in place:
        found = found[step]
    found.update(change)
    return document


STAGE = ("stages", 0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed({"name": 5}), "path.name: str expected"),
        (changed({"stages": {}}), "path.stages: list expected"),
        (changed({"version": True}), "path.version: int expected"),
        (changed({"colour": "red"}), "path: unknown colour"),
        (changed({"limit": "soon"}, *STAGE), "path.stages[0].limit: 'soon' is not a duration"),
        (changed({"mode": "x"}, *STAGE, "exit"), "path.stages[0].exit.mode: 'x' is not a valid Mode"),
        (changed({"coverage": "x"}, *STAGE, "exit", "criteria", 0, "evidence"),
         "path.stages[0].exit.criteria[0].evidence.coverage: "),
        ({"name": "x"}, "path: "),
        ({}, "path: "),
    ],
)  # fmt: skip
def test_a_document_that_is_no_path_names_the_place(document: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_document(document)
    assert str(caught.value).startswith(message)


def test_fields_that_came_later_take_their_defaults() -> None:
    document = to_document(PATHS["standard"])
    del document["description"]
    for stage in document["stages"]:
        del stage["purpose"]
    assert from_document(document).stages[0].purpose == ""
