"""The base of all forms, and the values that stand in them: names, durations, conditions.

A form is one part of a path file as people write it. Its fields' docstrings are the text of the
JSON Schema and of the path reference; its ``build`` returns the part as core knows it.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from sojourn.paths import conditions, durations

STAGE_PATTERN: Final = "^[a-z][a-z0-9_]*$"
NAME_PATTERN: Final = "^[a-z][a-z0-9_-]*$"
METRIC_PATTERN: Final = "^[a-z][a-z0-9_.-]*$"
OUTPUT_PATTERN: Final = r"^[^.\s${}]+(\.[^.\s${}]+)*$"
RANGE_PATTERN: Final = r"^[0-9.wdhms]+(\s*\.\.\s*[0-9.wdhms]+)?$"
FOR_EACH_PATTERN: Final = r"^\$\{(facts|journey\.metadata)(\.[^.\s${}]+)+\}$"

PATTERN_WORDS: Final = {
    STAGE_PATTERN: "a name begins with a-z and holds only a-z, 0-9 and _",
    NAME_PATTERN: "a name begins with a-z and holds only a-z, 0-9, _ and -",
    METRIC_PATTERN: "a name begins with a-z and holds only a-z, 0-9, _, - and .",
    OUTPUT_PATTERN: "a place in the output is needed, such as precision or result.score",
    FOR_EACH_PATTERN: "one reference to a list is needed: ${facts.<name>} or "
    "${journey.metadata.<name>}, known before the work is planned",
}
"""What is allowed, for people, by the pattern that says it to machines."""


class Form(BaseModel):
    """A part of a path file: unknown keys are refused, nothing is converted silently."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


def _reading(read: Callable[[object], Any], least: timedelta | None = None) -> PlainValidator:
    def validate(value: object) -> Any:
        try:
            found = read(value)
        except ValueError as error:
            raise PydanticCustomError("unreadable", "{why}", {"why": str(error)}) from None
        if least is not None and isinstance(found, timedelta) and found <= least:
            raise PydanticCustomError("unreadable", "{why}", {"why": "must be longer than 0"})
        return found

    return PlainValidator(validate)


def _text(pattern: str, examples: list[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": examples})


Duration = Annotated[
    timedelta,
    _reading(durations.parse, timedelta(0)),
    _text(durations.PATTERN, ["30s", "15m", "6h", "7d", "2w", "1d12h"]),
]
Wait = Annotated[
    timedelta, _reading(durations.parse), _text(durations.PATTERN, ["0s", "30s", "6h", "2d"])
]
Range = Annotated[
    tuple[timedelta, timedelta],
    _reading(durations.parse_range),
    _text(RANGE_PATTERN, ["10d..15d", "15d"]),
]
Is = Annotated[
    conditions.Condition,
    _reading(conditions.parse),
    WithJsonSchema(
        {
            "type": ["string", "number", "boolean"],
            "examples": [">= 0.85", "== 0", "> +20%", True, "exists"],
        }
    ),
]
StageName = Annotated[str, Field(pattern=STAGE_PATTERN, max_length=40, examples=["sandbox"])]
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=60, examples=["search_quality"])]
Role = Annotated[str, Field(pattern=NAME_PATTERN, max_length=60, examples=["compliance_officer"])]
Metric = Annotated[
    str, Field(pattern=METRIC_PATTERN, max_length=100, examples=["search_precision"])
]
Fact = Annotated[str, Field(pattern=STAGE_PATTERN, max_length=100, examples=["contract_signed"])]
AgentId = Annotated[str, Field(min_length=1, max_length=200, examples=["search-quality-agent"])]
Title = Annotated[str, Field(max_length=200, examples=["Search quality is stable"])]
OutputPlace = Annotated[str, Field(pattern=OUTPUT_PATTERN, examples=["result.score"])]
ForEach = Annotated[str, Field(pattern=FOR_EACH_PATTERN, examples=["${facts.data_sources}"])]
Count = Annotated[int, Field(ge=1, le=1_000_000, examples=[20])]
Percent = Annotated[int, Field(ge=1, le=100, examples=[10])]
Input = Annotated[
    dict[str, JsonValue], Field(examples=[{"scenario": "demo", "region": "${facts.region}"}])
]


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that a file gives; core's own defaults stand for the others."""
    return {name: value for name, value in fields.items() if value is not None}
