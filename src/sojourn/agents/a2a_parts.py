"""Between calls and A2A's messages, and between A2A's tasks and outcomes."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import orjson
from a2a.helpers import new_data_part, new_text_part
from a2a.types import (
    AgentCard,
    AgentSkill,
    Message,
    Part,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from google.protobuf.json_format import MessageToDict

from sojourn.agents.about import EXTENSION, about
from sojourn.agents.callbacks import Callbacks
from sojourn.agents.outcome import envelope, usable
from sojourn.agents.redact import redact
from sojourn.agents.shape import LIMIT, BadAnswer, plain
from sojourn.agents.trouble import key
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome, Rejected, Working

POLL_FIRST: Final = 1.0
POLL_GROWTH: Final = 1.5
POLL_MOST: Final = 30.0
EXACT: Final = 2**53
JSON: Final = "application/json"


def request(call: Call, card: AgentCard, callbacks: Callbacks | None) -> SendMessageRequest:
    """Return the message of a call: the same ids for one attempt however often it is made."""
    handle = call.handle or {}
    message = Message(
        message_id=key(call),
        context_id=handle.get("context_id", call.context_id),
        task_id=handle.get("remote_id"),
        role=Role.ROLE_USER,
        parts=_parts(call, card),
        metadata={EXTENSION: about(call)},
    )
    push = _push(call, callbacks) if card.capabilities.push_notifications else None
    configuration = SendMessageConfiguration(
        return_immediately=True, history_length=0, task_push_notification_config=push
    )
    return SendMessageRequest(message=message, configuration=configuration)


def outcome_of(task: Task, call: Call, limit: int = LIMIT) -> Outcome:
    """Return the outcome that a remote task's state stands for; an unknown state is polled on."""
    state, text = task.status.state, text_of(task.status.message)
    match state:
        case TaskState.TASK_STATE_COMPLETED:
            return usable(lambda: _completed(task, call, limit))
        case TaskState.TASK_STATE_FAILED:
            again = _metadata(task).get("retryable") is not False
            return Failed(redact(text or "the agent gave no reason"), again)
        case TaskState.TASK_STATE_CANCELED:
            return Failed(redact(f"the agent cancelled it: {text or 'no reason'}"), retryable=False)
        case TaskState.TASK_STATE_REJECTED:
            return Rejected(redact(text or "the agent gave no reason"))
        case TaskState.TASK_STATE_INPUT_REQUIRED:
            return question(task, call, "input", text or "the agent needs more input")
        case TaskState.TASK_STATE_AUTH_REQUIRED:
            return question(task, call, "auth", text or "the agent needs authorization")
    return working(task, call)


def question(task: Task, call: Call, kind: str, text: str) -> Needs:
    """Return what a remote task asks; the handle tells this question from the next."""
    turn = int((call.handle or {}).get("turn", 0)) + 1
    return Needs(kind, redact(text), {**found(task), "turn": turn, "asked": mark(task)})


def working(task: Task, call: Call) -> Working:
    """Return that a remote task goes on, to be polled after a wait that grows to half a minute."""
    polls = int((call.handle or {}).get("polls", 0))
    wait = min(POLL_FIRST * POLL_GROWTH ** min(polls, 50), POLL_MOST)
    turn = {k: v for k, v in (call.handle or {}).items() if k == "turn"}
    return Working({**found(task), **turn, "polls": polls + 1}, timedelta(seconds=wait))


def found(task: Task) -> dict[str, Any]:
    """Return what finds a remote task again."""
    return {"remote_id": task.id, "context_id": task.context_id}


def mark(task: Task) -> str:
    """Return what tells a state of a remote task from a later one that looks the same."""
    return task.status.message.message_id or task.status.timestamp.ToJsonString()


def replied(message: Message, call: Call, limit: int = LIMIT) -> Outcome:
    """Return the outcome of a reply without a task: the work is done, its parts are the output."""
    return usable(lambda: envelope(output([("reply", message.parts)]), call, limit))


def text_of(message: Message) -> str:
    """Return the text of a message in one line."""
    return " ".join(part.text for part in message.parts if part.HasField("text"))


def output(named: Iterable[tuple[str, Iterable[Part]]]) -> dict[str, Any]:
    """Return the output that named parts make.

    Objects are merged, later ones win; other data stands under its artifact's name, texts are
    joined under ``text``, and files are listed under ``files`` without their contents.
    """
    merged: dict[str, Any] = {}
    texts: list[str] = []
    files: list[dict[str, Any]] = []
    for name, parts in named:
        for part in parts:
            _take(part, name, merged, texts, files)
    rest = ({"text": "\n".join(texts)} if texts else {}) | ({"files": files} if files else {})
    return {**rest, **merged}


def wanted_skill(card: AgentCard, skill: str | None) -> AgentSkill | None:
    """Return the skill of a card that an entry names; raises BadAnswer if the card lacks it."""
    if skill is None:
        return None
    offered: AgentSkill
    for offered in card.skills:
        if offered.id == skill:
            return offered
    names = ", ".join(sorted(s.id for s in card.skills)) or "none"
    raise BadAnswer(f"the agent's card has no skill {skill!r}; it has: {names}")


def _completed(task: Task, call: Call, limit: int) -> Completed:
    named = [(a.name or a.artifact_id, a.parts) for a in task.artifacts]
    return envelope(output(named or [("status", task.status.message.parts)]), call, limit)


def _take(
    part: Part, name: str, merged: dict[str, Any], texts: list[str], files: list[dict[str, Any]]
) -> None:
    kind = part.WhichOneof("content")
    if kind in ("url", "raw"):
        files.append(dict(_file(part)))
        return
    value = whole(MessageToDict(part.data)) if kind == "data" else _spoken(part)
    if isinstance(value, Mapping):
        merged.update(value)
    elif kind == "data":
        merged[name] = value
    else:
        texts.append(str(value))


def _spoken(part: Part) -> Any:
    """Return a text part's text, or its JSON where it says that it is JSON."""
    if part.media_type.partition(";")[0].strip() != JSON:
        return part.text
    try:
        return orjson.loads(part.text)
    except orjson.JSONDecodeError:
        return part.text


def _file(part: Part) -> Iterator[tuple[str, Any]]:
    if part.filename:
        yield "name", part.filename
    if part.media_type:
        yield "media_type", part.media_type
    if part.WhichOneof("content") == "url":
        yield "url", part.url
    else:
        yield "bytes", len(part.raw)


def whole(value: Any) -> Any:
    """Return a value with 3.0 as 3: protocol buffers know no other numbers than floats."""
    if isinstance(value, Mapping):
        return {k: whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [whole(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def _parts(call: Call, card: AgentCard) -> list[Part]:
    """Return the input as parts of the kinds that the agent takes."""
    modes = {mode.partition(";")[0].strip() for mode in card.default_input_modes}
    data: Any = dict(call.input_data) if call.answer is None else call.answer
    if call.answer is not None and not isinstance(data, Mapping):
        return [new_text_part(str(data))]
    if modes and not modes & {JSON, "*/*", "application/*"}:
        return [new_text_part(orjson.dumps(plain(data)).decode())]
    said = [new_text_part(call.name)] if call.name and modes & {"text/plain", "text", "*/*"} else []
    return [*said, new_data_part(data)]


def _push(call: Call, callbacks: Callbacks | None) -> TaskPushNotificationConfig | None:
    if callbacks is None:
        return None
    told = callbacks.fields(call)
    return TaskPushNotificationConfig(url=told["callback_url"], token=told["callback_token"])


def _metadata(task: Task) -> Mapping[str, Any]:
    own: dict[str, Any] = MessageToDict(task.metadata) | MessageToDict(task.status.message.metadata)
    return own | dict(own.get(EXTENSION) or {})
