import json
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import sojourn.paths
from sojourn.core.paths import StagePlan, TaskPlan
from sojourn.paths import builtin
from sojourn.paths.durations import parse
from sojourn.paths.schema import FILE, default, part_at, text
from sojourn.paths.schema import schema as made

FOLDER = FilePath(sojourn.paths.__path__[0])
SCHEMA = made()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_committed_schema_is_the_one_that_the_forms_give() -> None:
    assert (FOLDER / FILE).read_text() == text(), "sojourn.paths.schema.write() writes it anew"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def properties(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key of every form."""
    for name, form in {"": part, **part["$defs"]}.items():
        yield from ((f"{name}.{key}", field) for key, field in form.get("properties", {}).items())


@pytest.mark.parametrize(("key", "field"), list(properties(SCHEMA)))
def test_every_key_says_what_it_means(key: str, field: dict[str, Any]) -> None:
    assert len(field["description"]) > 5


@pytest.mark.parametrize("file", list(builtin().values()), ids=builtin())
def test_the_paths_that_come_with_sojourn_name_the_schema_and_hold_to_it(file: FilePath) -> None:
    written = file.read_text()
    assert written.startswith(f"# yaml-language-server: $schema={FILE}\n")
    assert (file.parent / FILE).exists()
    assert list(VALIDATOR.iter_errors(yaml.safe_load(written))) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"nmae": "x"},
        {"name": "Standard"},
        {"stages": []},
        {"stages": [{"name": "a", "exit": {"criteria": []}}]},
        {"stages": [{"name": "a", "exit": {"criteria": [{"metric": "m", "windw": "3d"}]}}]},
        {"stages": [{"name": "a", "exit": {"criteria": [{"fact": "f"}]}, "limit": "7 days"}]},
        {"stages": [{"name": "a", "exit": {"criteria": [{"fact": "f"}]}, "limit": ""}]},
        {"rollback": {"after": "resum"}},
    ],
)
def test_editors_see_what_the_loader_refuses(damage: dict[str, Any]) -> None:
    good = {"name": "demo", "stages": [{"name": "a", "exit": {"criteria": [{"fact": "f"}]}}]}
    assert VALIDATOR.is_valid(good)
    assert not VALIDATOR.is_valid({**good, **damage})


def test_defaults_are_those_of_core() -> None:
    stage = SCHEMA["$defs"]["StageForm"]["properties"]
    task = SCHEMA["$defs"]["TaskForm"]["properties"]
    plan = TaskPlan("t", "t", "a")
    assert parse(stage["limit"]["default"]) == StagePlan.__dataclass_fields__["limit"].default
    assert parse(task["timeout"]["default"]) == plan.timeout
    assert task["max_retries"]["default"] == plan.max_retries
    assert default("Trigger", "for") == "0s"
    assert default("Nothing", "at_all") is None
    assert "default" not in stage["baseline"]


def test_a_place_leads_to_its_part() -> None:
    criterion = ("stages", 0, "exit", "criteria", 3)
    assert part_at((*criterion, "<soak>"))["title"] == "Soak criterion"
    assert part_at((*criterion, "<metric>", "baseline"))["title"] == "Baseline"
    assert part_at(("stages", 0, "work", 1, "tasks"))["type"] == "array"
    assert part_at(("stages", 0, "no", "such", 5)) == {}


def test_the_schema_is_json() -> None:
    assert json.loads(text())["$schema"] == "https://json-schema.org/draft/2020-12/schema"
