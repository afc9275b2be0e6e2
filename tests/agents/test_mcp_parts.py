from dataclasses import replace
from typing import Any

import pytest
from mcp_types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    TextContent,
    Tool,
    ToolAnnotations,
)

from sojourn.agents.about import EXTENSION
from sojourn.agents.mcp_parts import answers, outcome_of, output, repeatable
from sojourn.agents.shape import BadAnswer
from sojourn.core.outcomes import Completed, Failed, Measured, Needs, Outcome
from tests.agents.calls import call


def result(*texts: str, **fields: Any) -> CallToolResult:
    content: list[Any] = [TextContent(type="text", text=text) for text in texts]
    return CallToolResult(content=content, **fields)


def form(message: str, *fields: str) -> ElicitRequest:
    schema: Any = {"type": "object", "properties": {f: {"type": "string"} for f in fields}}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def asked(**requests: Any) -> Outcome:
    return outcome_of(InputRequiredResult(input_requests=requests, request_state="s"), call())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (result(structured_content={"a": 1}), {"a": 1}),
        (result("ignored", structured_content={"a": 1}), {"a": 1}),
        (result(structured_content=[1, 2]), {"result": [1, 2]}),
        (result(structured_content=3), {"result": 3}),
        (result('{"a": 1}'), {"a": 1}),
        (result("[1, 2]"), {"text": "[1, 2]"}),
        (result("one", "two"), {"text": "one\ntwo"}),
        (result(), {"text": ""}),
    ],
)
def test_outputs(given: CallToolResult, expected: Any) -> None:
    assert output(given) == expected


def test_measurements_may_come_with_the_output() -> None:
    told = {"output": {"a": 1}, "measurements": [{"metric": "m", "value": 2}]}
    outcome = outcome_of(result(structured_content=told), call())
    assert outcome == Completed({"a": 1}, (Measured("m", 2.0),))


def test_errors_may_be_tried_again_unless_they_say_not() -> None:
    assert outcome_of(result("busy", is_error=True), call()) == Failed("busy", retryable=True)
    assert outcome_of(result(is_error=True), call()) == Failed("the tool gave no reason")
    for fields in (
        {"structured_content": {"retryable": False}},
        {"_meta": {EXTENSION: {"retryable": False}}},
    ):
        outcome = outcome_of(result("never", is_error=True, **fields), call())
        assert outcome == Failed("never", retryable=False)


def test_a_form_is_input_and_a_url_is_authorization() -> None:
    outcome = asked(one=form("which?", "space", "key"))
    assert outcome == Needs(
        "input",
        "which? (space, key)",
        {"forms": {"one": ["space", "key"]}, "request_state": "s", "turn": 1},
    )
    url = ElicitRequest(params=ElicitRequestURLParams(message="log in", url="https://x.example/"))
    outcome = asked(one=url)
    assert isinstance(outcome, Needs)
    assert (outcome.kind, outcome.prompt) == ("auth", "log in https://x.example/")
    assert outcome.handle["forms"] == {"one": None}


def test_what_no_person_can_answer_is_refused() -> None:
    outcome = asked(one=ListRootsRequest())
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "asks for roots/list; only people can be asked" in outcome.message
    assert "asks for nothing" in str(outcome_of(InputRequiredResult(request_state="s"), call()))


def test_answers_fill_the_forms() -> None:
    made = call(handle={"forms": {"one": ["space"], "two": None}})
    assert answers(made) is None
    expected = {
        "one": ElicitResult(action="accept", content={"space": "ENG"}),
        "two": ElicitResult(action="accept"),
    }
    assert answers(replace(made, answer="ENG")) == expected
    assert answers(replace(made, answer={"space": "ENG", "other": 1})) == expected
    assert answers(replace(call(), answer="ENG")) is None
    with pytest.raises(BadAnswer, match="an object with a, b"):
        answers(call(handle={"forms": {"one": ["a", "b"]}}, answer="ENG"))


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (None, False),
        (ToolAnnotations(), False),
        (ToolAnnotations(read_only_hint=True), True),
        (ToolAnnotations(idempotent_hint=True), True),
        (ToolAnnotations(idempotent_hint=False), False),
    ],
)
def test_tools_say_whether_they_may_be_called_again(
    hints: ToolAnnotations | None, expected: bool
) -> None:
    assert repeatable(Tool(name="t", input_schema={}, annotations=hints)) is expected
