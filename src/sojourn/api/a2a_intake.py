"""Taking a message in: it makes a task or carries one on, once however often it comes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from a2a.helpers import new_text_part
from a2a.types import AgentCard, Message, Role, SendMessageRequest
from a2a.utils.errors import (
    InternalError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from a2a.utils.input_mode_validator import validate_input_modes
from a2a.utils.task import validate_history_length

from sojourn.api.a2a_tasks import INTERRUPTED, kept
from sojourn.api.a2a_work import Came, UnderWay, begin, go_on, read
from sojourn.api.callers import Caller
from sojourn.api.rehearsals import REPLY, SKILL, is_rehearsal, rehearsed
from sojourn.core.journal import keepable
from sojourn.store import a2a_tasks as store
from sojourn.store.a2a_tasks import Kept
from sojourn.store.sets import Row

NAMESPACE: Final = UUID("5b0d6b1e-7c1f-5d0a-9f0e-2f6a54a0b6d1")
LONGEST: Final = 200
"""Characters of a message's or a context's id."""
APPEARS: Final = 30.0
"""Real seconds in which another request's task should be written."""
POLL_FIRST: Final = 0.1
POLL_MOST: Final = 1.0
OLDER: Final = timedelta(days=30)
BUSY: Final = "the same message is still being worked on; ask again"


async def received(params: SendMessageRequest, caller: Caller, card: AgentCard) -> Row | Message:
    """Return the task that a message makes or carries on, or a reply without a task."""
    message = params.message
    validate_history_length(params.configuration)
    validate_input_modes(message, card)
    if params.configuration.HasField("task_push_notification_config"):
        raise PushNotificationNotSupportedError
    for name, text in (("messageId", message.message_id), ("contextId", message.context_id)):
        if len(text) > LONGEST:
            raise InvalidParamsError(message=f"{name} is longer than {LONGEST} characters")
    try:
        keepable(kept(message), "message")
    except ValueError as error:
        raise InvalidParamsError(message=str(error)) from None
    if message.task_id:
        return await _carried_on(message, caller)
    if message.message_id.startswith(REPLY):
        return _reply(message)
    return await _begun(message, caller)


async def _begun(message: Message, caller: Caller) -> Row:
    task_id = _task_id(message, caller)
    if row := await find(caller, task_id):
        if not _same(row["messages"][0], message):
            raise InvalidParamsError(message="this messageId was used for another message")
        return row
    if is_rehearsal(message.message_id):
        came = rehearsed(message.message_id, 1)
    else:
        try:
            came = await begin(caller, read(message), f"a2a:{message.message_id}")
        except UnderWay:
            return await _appeared(caller, task_id)
    context_id = message.context_id or str(uuid5(task_id, "context"))
    message.task_id, message.context_id = str(task_id), context_id
    async with caller.door.db.connection() as connection:
        await store.purge(connection, OLDER)
        await store.add(connection, _kept(caller, task_id, context_id, came, [kept(message)]))
    return await found(caller, str(task_id))


async def _carried_on(message: Message, caller: Caller) -> Row:
    row = await found(caller, message.task_id)
    if message.context_id and message.context_id != row["context_id"]:
        raise InvalidParamsError(message="contextId is not that of the task")
    rehearsal = row["skill"] == SKILL
    if not rehearsal and message.message_id in [m["messageId"] for m in row["messages"]]:
        return row
    if row["stands"] not in INTERRUPTED:
        raise UnsupportedOperationError(message=f"the task is {row['stands']}; begin another")
    if rehearsal:
        came = rehearsed(message.message_id, len(row["artifacts"]) + 1)
    else:
        try:
            came = await go_on(caller, read(message), f"a2a:{message.message_id}", row)
        except UnderWay:
            raise InternalError(message=BUSY) from None
    message.context_id = row["context_id"]
    messages = [*row["messages"], kept(message)]
    made = _kept(caller, row["task_id"], row["context_id"], came, messages)
    async with caller.door.db.connection() as connection:
        if not await store.go_on(connection, made, row["version"]):
            raise InvalidParamsError(message="another message came first; read the task again")
    return await found(caller, message.task_id)


async def found(caller: Caller, task_id: str) -> Row:
    """Return a task of the caller's; raises TaskNotFoundError."""
    try:
        known = UUID(task_id)
    except ValueError:
        raise TaskNotFoundError from None
    row = await find(caller, known)
    if row is None:
        raise TaskNotFoundError
    return row


async def _appeared(caller: Caller, task_id: UUID) -> Row:
    """Return the task that another request is about to write."""
    async for _ in pulse(APPEARS):
        if row := await find(caller, task_id):
            return row
    raise InternalError(message=BUSY)


async def find(caller: Caller, task_id: UUID) -> Row | None:
    """Return a task of the caller's, None where there is none."""
    async with caller.door.db.connection() as connection:
        return await store.find(connection, caller.owner, task_id)


def _task_id(message: Message, caller: Caller) -> UUID:
    """Return a task's id: the same however often its message comes; a rehearsal's is new."""
    if is_rehearsal(message.message_id):
        return uuid4()
    return uuid5(NAMESPACE, f"{caller.owner}\n{message.message_id}")


def _same(known: dict[str, Any], message: Message) -> bool:
    return known.get("parts") == kept(message).get("parts")


def _kept(
    caller: Caller, task_id: UUID, context_id: str, came: Came, messages: list[dict[str, Any]]
) -> Kept:
    return Kept(
        task_id,
        caller.owner,
        context_id,
        came.skill,
        came.state,
        came.said,
        dict(came.request),
        messages,
        list(came.artifacts),
        came.journey_id,
        came.until_stage,
        came.lasts,
    )


def _reply(message: Message) -> Message:
    return Message(
        message_id=str(uuid4()),
        context_id=message.context_id or str(uuid4()),
        role=Role.ROLE_AGENT,
        parts=[new_text_part("Direct message response")],
    )


async def pulse(seconds: float | None) -> AsyncIterator[None]:
    """Yield at once, then further and further apart, for so long; None is for ever."""
    loop = asyncio.get_running_loop()
    end = None if seconds is None else loop.time() + seconds
    pause = POLL_FIRST
    yield
    while end is None or loop.time() < end:
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, POLL_MOST)
        yield
