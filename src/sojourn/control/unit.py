"""A submitted unit of work: the specification's JSON, read strictly; every problem is named."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from sojourn.core.journal import keepable
from sojourn.core.work import InvalidWork, Task, Undo, hint
from sojourn.paths.forms import (
    AgentId,
    Duration,
    Fact,
    Form,
    Input,
    Metric,
    OutputPlace,
    StageName,
    Title,
    given,
)
from sojourn.paths.work import RetryForm

LARGEST: Final = 1_000_000
"""Bytes of a submitted unit."""
MOST_TASKS: Final = 1000


def _word(value: str) -> str:
    if value.strip() != value or not value.isprintable():
        raise PydanticCustomError("word", "must be printable, without space at its ends")
    return value


Word = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_word)]


class BadUnit(InvalidWork):
    """A submitted unit that cannot be; ``problems`` are all (place, message) found in it."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(*problems[0])
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(f"{place}: {message}" for place, message in self.problems)


class UndoForm(Form):
    """The call that takes the task back."""

    agent_id: AgentId
    input_data: Input = Field(default_factory=dict)

    def build(self) -> Undo:
        """Return it as core knows it."""
        return Undo(self.agent_id, self.input_data)


class TaskForm(Form):
    """One task: the specification's fields, and what else a task may say."""

    task_id: Word
    name: Title | None = None
    agent_id: AgentId
    input_data: Input = Field(default_factory=dict)
    output_data: None = None
    status: Literal["pending"] = "pending"
    retry_count: Annotated[int, Field(ge=0, le=0)] = 0
    max_retries: Annotated[int, Field(ge=0, le=1000)] | None = None
    depends_on: list[Word] = Field(default_factory=list)
    timeout: Duration | None = None
    deadline: Duration | None = None
    retry: RetryForm | None = None
    undo: UndoForm | None = None
    irreversible: bool = False
    idempotent: bool = False
    measures: dict[Metric, OutputPlace] = Field(default_factory=dict)
    facts: dict[Fact, OutputPlace] = Field(default_factory=dict)

    def build(self) -> Task:
        """Return it as core knows it."""
        parts = {part: form.build() for part in ("retry", "undo") if (form := getattr(self, part))}
        given_ones = given(
            max_retries=self.max_retries, timeout=self.timeout, deadline=self.deadline, **parts
        )
        same = ("task_id", "agent_id", "input_data", "irreversible", "idempotent")
        kept: dict[str, Any] = {name: getattr(self, name) for name in same}
        return Task(
            name=self.name or self.task_id,
            depends_on=tuple(dict.fromkeys(self.depends_on)),
            measures=self.measures,
            facts=self.facts,
            **kept,
            **given_ones,
        )


class UnitForm(Form):
    """A unit of work as it is submitted: the specification's fields, and a few of ours."""

    uow_id: Word
    journey_id: Word | None = None
    stage: StageName
    tasks: Annotated[list[TaskForm], Field(min_length=1, max_length=MOST_TASKS)]
    dependencies: Annotated[list[Word], Field(max_length=MOST_TASKS)] = Field(default_factory=list)
    status: Literal["pending"] = "pending"
    created_at: None = None
    started_at: None = None
    completed_at: None = None
    name: Word | None = None
    purpose: Literal["activity", "milestone"] = "activity"
    required: bool = True
    every: Duration | None = None


def parse(text: bytes | str) -> UnitForm:
    """Return the unit that a JSON text describes; raises :class:`BadUnit` with all its problems."""
    data = _decoded(text)
    try:
        keepable(data, "unit")
        return UnitForm.model_validate(data)
    except ValidationError as error:
        found = [_problem(e) for e in error.errors(include_url=False)]
        raise BadUnit(list(dict.fromkeys(found))) from None
    except (ValueError, RecursionError) as error:
        raise BadUnit([_split(error)]) from None


def _decoded(text: bytes | str) -> Any:
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(raw) > LARGEST:
        raise BadUnit([("unit", f"is larger than {LARGEST:,} bytes; no unit of work is so large")])
    try:
        data = json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number
        )
    except UnicodeDecodeError as error:
        raise BadUnit([("unit", f"is not UTF-8 (byte {error.start})")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadUnit([("unit", f"is not JSON: {error.msg} ({where})")]) from None
    except (ValueError, RecursionError) as error:
        raise BadUnit([("unit", f"is not JSON: {error}")]) from None
    if not isinstance(data, dict):
        told = f"must be one JSON object, the unit of work, not {_kind(data)}"
        raise BadUnit([("unit", told)])
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name, times in Counter(names).items() if times > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _split(error: Exception) -> tuple[str, str]:
    if isinstance(error, RecursionError):
        return "unit", "is nested too deeply"
    place, _, message = str(error).partition(": ")
    return place, message


_NEEDED: Final = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}

_TOLD: Final = {
    "none_required": "is set by the engine; leave it out, or null",
    "literal_error": "{shown} is not allowed here; allowed: {expected}",
    "too_short": "needs at least one task",
    "too_long": "has too many items: at most {max_length}",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_pattern_mismatch": "{shown} is no name here: small letters, digits and _ only",
    "less_than_equal": "{shown} is too much: at most {le}",
    "greater_than_equal": "{shown} is too little: at least {ge}",
}


def _problem(error: ErrorDetails) -> tuple[str, str]:
    place = _spell(error["loc"])
    kind, value = error["type"], error["input"]
    if kind == "extra_forbidden":
        return place, f"unknown key{hint(str(error['loc'][-1]), _allowed(error['loc']))}"
    if kind == "missing":
        return place, "is missing"
    if kind in _NEEDED:
        return place, f"{_NEEDED[kind]} is needed, not {_kind(value)}"
    return place, _message(error)


def _message(error: ErrorDetails) -> str:
    bounds = error.get("ctx", {})
    told = _TOLD.get(error["type"])
    if told is None:
        return str(bounds.get("why", error["msg"]))
    return told.format(shown=f"{error['input']!r:.60}", **bounds)


_FORMS: Final[Mapping[str, type[Form]]] = {
    "tasks": TaskForm,
    "undo": UndoForm,
    "retry": RetryForm,
}


def _allowed(loc: Sequence[int | str]) -> list[str]:
    inner = [_FORMS[step] for step in loc[:-1] if isinstance(step, str) and step in _FORMS]
    form = inner[-1] if inner else UnitForm
    return list(form.model_fields)


def _spell(loc: Sequence[int | str]) -> str:
    return "".join(_steps(loc)).lstrip(".") or "unit"


def _steps(loc: Sequence[int | str]) -> Iterator[str]:
    for step in loc:
        if isinstance(step, int):
            yield f"[{step}]"
        elif not step.startswith(("[", "function-")):
            yield f".{step}"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else f"{value!r:.60}"
