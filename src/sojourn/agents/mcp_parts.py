"""Between MCP's results and outcomes, and between a person's answers and MCP's."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from mcp_types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    InputResponse,
    Tool,
)

from sojourn.agents.about import EXTENSION
from sojourn.agents.outcome import envelope, usable
from sojourn.agents.redact import redact
from sojourn.agents.shape import LIMIT, BadAnswer
from sojourn.core.outcomes import Call, Failed, Needs, Outcome


def outcome_of(
    result: CallToolResult | InputRequiredResult, call: Call, limit: int = LIMIT
) -> Outcome:
    """Return the outcome of a tool's result; an error may be tried again unless it says not."""
    if isinstance(result, InputRequiredResult):
        return usable(lambda: question(result, call))
    if result.is_error:
        said = texts(result) or "the tool gave no reason"
        return Failed(redact(said), retryable=_told(result).get("retryable") is not False)
    return usable(lambda: envelope(output(result), call, limit))


def output(result: CallToolResult) -> Mapping[str, Any]:
    """Return the output that a result makes: its structure, or its text, as JSON if it is that.

    A structure that is no object stands under ``result``, plain text under ``text``.
    """
    value = result.structured_content
    if value is None:
        value = _parsed(texts(result))
    if isinstance(value, Mapping):
        return value
    return {"text" if isinstance(value, str) else "result": value}


def texts(result: CallToolResult) -> str:
    """Return the texts of a result, line by line."""
    return "\n".join(block.text for block in result.content if block.type == "text")


def question(asked: InputRequiredResult, call: Call) -> Needs:
    """Return what a tool asks a person; raises BadAnswer where it asks for something else.

    A URL to visit is authorization, a form is input.
    """
    requests = asked.input_requests or {}
    others = [r.method for r in requests.values() if not isinstance(r, ElicitRequest)]
    if others or not requests:
        raise BadAnswer(
            f"the tool asks for {', '.join(others) or 'nothing'}; only people can be asked"
        )
    forms = {key: _fields(request) for key, request in requests.items()}
    prompt = " ".join(_prompt(request) for request in requests.values())
    turn = int((call.handle or {}).get("turn", 0)) + 1
    kind = "input" if any(fields is not None for fields in forms.values()) else "auth"
    handle = {"forms": forms, "request_state": asked.request_state, "turn": turn}
    return Needs(kind, redact(prompt), handle)


def answers(call: Call) -> dict[str, InputResponse] | None:
    """Return a person's answer as MCP wants it, None where nothing was asked.

    An object answers all forms by their fields' names; anything else answers the one field that
    there is. Raises BadAnswer for an answer that fits no field.
    """
    forms = (call.handle or {}).get("forms")
    if call.answer is None or not isinstance(forms, Mapping):
        return None
    return {key: _answer(fields, call.answer) for key, fields in forms.items()}


def repeatable(tool: Tool) -> bool:
    """Say whether a tool says of itself that it may be called again."""
    hints = tool.annotations
    return hints is not None and bool(hints.read_only_hint or hints.idempotent_hint)


def _answer(fields: Any, answer: Any) -> ElicitResult:
    if fields is None:
        return ElicitResult(action="accept")
    if isinstance(answer, Mapping):
        return ElicitResult(action="accept", content={f: answer[f] for f in fields if f in answer})
    if len(fields) != 1:
        raise BadAnswer(f"the answer must be an object with {', '.join(fields)}")
    return ElicitResult(action="accept", content={fields[0]: answer})


def _fields(request: Any) -> list[str] | None:
    """Return the names of a form's fields, None for a URL to visit."""
    if not isinstance(request.params, ElicitRequestFormParams):
        return None
    return [*dict(request.params.requested_schema).get("properties", {})]


def _prompt(request: Any) -> str:
    fields = _fields(request)
    if fields is None:
        return f"{request.params.message} {request.params.url}"
    return f"{request.params.message} ({', '.join(fields)})" if fields else request.params.message


def _parsed(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, Mapping) else text


def _told(result: CallToolResult) -> Mapping[str, Any]:
    return dict(_tellings(result))


def _tellings(result: CallToolResult) -> Iterator[tuple[str, Any]]:
    """Yield what a failing result says of itself, in its structure or under our name."""
    meta: Mapping[str, Any] = dict(result.meta or {})
    for said in (result.structured_content, meta.get(EXTENSION)):
        if isinstance(said, Mapping):
            yield from said.items()
