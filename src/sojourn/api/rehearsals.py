"""Rehearsals: messages of the A2A project's conformance kit, answered as its scenarios ask.

They are known by their ids, touch no journey, and each is worked on anew however often it comes.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from a2a.helpers import new_data_part, new_raw_part, new_text_part, new_url_part

from sojourn.api.a2a_tasks import artifact
from sojourn.api.a2a_work import Came

SKILL: Final = "rehearsal"
LONG: Final = "test-resubscribe-message-id"
PREFIXES: Final = ("tck-", LONG)
REPLY: Final = "tck-message-response"
LASTS: Final = timedelta(seconds=5)
TEXTS: Final[Mapping[str, str]] = {
    "tck-artifact-text": "Generated text content",
    "tck-stream-artifact-text": "Streamed text content",
    "tck-stream-artifact-chunked": "chunk-1 chunk-2",
    "tck-stream-001": "Stream hello from TCK",
    "tck-stream-003": "Stream task lifecycle",
    "tck-stream-ordering-001": "Ordered output",
}
FILE: Final = "output.txt"


def is_rehearsal(message_id: str) -> bool:
    """Say whether a message is one of the kit's."""
    return message_id.startswith(PREFIXES)


def rehearsed(message_id: str, number: int) -> Came:
    """Return what the kit wants to come of its message; ``number`` tells a task's results apart."""
    if message_id.startswith("tck-input-required"):
        return Came("input_required", "More, please.", SKILL)
    if message_id.startswith("tck-reject-task"):
        return Came("rejected", "rejected", SKILL)
    if message_id.startswith(LONG):
        return Came("working", "Working.", SKILL, lasts=LASTS)
    made = [make(number) for prefix, make in MADE.items() if message_id.startswith(prefix)]
    return Came("completed", "Hello from TCK", SKILL, artifacts=tuple(made[:1]))


def _text(prefix: str) -> Callable[[int], dict[str, Any]]:
    return lambda number: artifact("text", number, new_text_part(TEXTS[prefix]))


def _data(number: int) -> dict[str, Any]:
    return artifact("data", number, new_data_part({"key": "value", "count": 42}))


def _file(number: int) -> dict[str, Any]:
    part = new_raw_part(b"output", media_type="text/plain", filename=FILE)
    return artifact("file", number, part)


def _url(number: int) -> dict[str, Any]:
    url = f"https://example.com/{FILE}"
    return artifact("file", number, new_url_part(url, media_type="text/plain", filename=FILE))


MADE: Final[Mapping[str, Callable[[int], dict[str, Any]]]] = {
    **{prefix: _text(prefix) for prefix in TEXTS},
    "tck-artifact-file-url": _url,
    "tck-artifact-file": _file,
    "tck-stream-artifact-file": _file,
    "tck-artifact-data": _data,
}
"""What is made for a message, by the beginning of its id; the first that fits counts."""
