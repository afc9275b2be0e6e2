"""From a message to the call that it carries."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from a2a.types import Message, Part
from google.protobuf.json_format import MessageToDict

from sojourn.core.outcomes import Call
from sojourn.sandbox.a2a_server.cards import EXTENSION
from sojourn.sandbox.inputs import BadInput

EXACT: Final = 2**53
STRANGER: Final = "stranger"
"""The client of those who do not say whom they work for."""


def call(agent_id: str, message: Message, said: Mapping[str, Any]) -> Call:
    """Return the call of a message, with an input; raises BadInput for a time that is none."""
    about = dict(MessageToDict(message.metadata).get(EXTENSION) or {})
    return Call(
        journey_id=_uuid(about.get("journey_id"), message),
        uow_id=_uuid(about.get("uow_id"), message),
        task_id=str(about.get("task_id") or message.message_id),
        agent_id=agent_id,
        fence=int(about.get("fence") or 1),
        retry_count=int(about.get("attempt") or 1) - 1,
        name=str(about.get("name") or ""),
        client_id=str(about.get("client_id") or said.get("client_id") or STRANGER),
        stage=str(about.get("stage") or ""),
        input_data=said,
        now=_instant(about.get("now")),
    )


def said(message: Message, answering: str | None = None) -> dict[str, Any]:
    """Return the input of a message: its data parts merged.

    ``answering`` is the field that a text without data answers.
    """
    merged: dict[str, Any] = {}
    for part in message.parts:
        value = whole(MessageToDict(part.data)) if part.HasField("data") else None
        if isinstance(value, Mapping):
            merged |= value
    text = spoken(message.parts)
    if answering and not merged and text:
        return {answering: text}
    return merged


def spoken(parts: Iterable[Part]) -> str:
    """Return the text of parts in one line."""
    return " ".join(part.text.strip() for part in parts if part.HasField("text")).strip()


def whole(value: Any) -> Any:
    """Return a value with 3.0 as 3: protocol buffers know no other numbers than floats."""
    if isinstance(value, Mapping):
        return {k: whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [whole(v) for v in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def _uuid(text: Any, message: Message) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        return uuid5(NAMESPACE_URL, message.context_id or message.message_id)


def _instant(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise BadInput(f"now: must be an ISO 8601 instant, not {text!r:.40}") from None
    if at.tzinfo is None:
        raise BadInput(f"now: needs a time zone, such as {at.isoformat()}Z")
    return at
