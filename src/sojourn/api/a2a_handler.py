"""The A2A methods on rows: no task lives in a process, so none is lost with one."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import structlog
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.request_handlers.request_handler import RequestHandler, validate_request_params
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsResponse,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
)
from a2a.utils.errors import (
    A2AError,
    InternalError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    UnsupportedOperationError,
)
from a2a.utils.task import apply_history_length, validate_history_length, validate_page_size

from sojourn.api.a2a_intake import found, pulse, received
from sojourn.api.a2a_tasks import ENDED, INTERRUPTED, name_of, news, task_of, whole_life
from sojourn.api.callers import Caller
from sojourn.api.problems import ProblemError, problem_of
from sojourn.api.routes import cursor_of, place_of
from sojourn.store import a2a_tasks as store
from sojourn.store.sets import Row

PAGE: Final = 50
WAIT: Final = 600.0
"""Real seconds that a blocking request waits; then the task is answered as it stands."""
CALLER: Final = "caller"
log = structlog.get_logger()
T = TypeVar("T")
Method = Callable[..., Awaitable[T]]


def answering(method: Method[T]) -> Method[T]:
    """Return a method whose errors are A2A's own; what is not foreseen is logged, not shown."""

    @wraps(method)
    async def guarded(*given: Any) -> T:
        try:
            return await method(*given)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is answered
            raise answerable(error) from None

    return guarded


def answerable(error: Exception) -> Exception:
    """Return an error as one of A2A's."""
    if isinstance(error, A2AError):
        return error
    problem = problem_of(error)
    if problem.code == "internal":
        log.error("an A2A request failed", exc_info=error)
    return InternalError(message=problem.detail)


class Handler(RequestHandler):
    """Answers for the one agent that we are; each method acts for the caller of its context."""

    def __init__(self, card: AgentCard, *, wait: float = WAIT) -> None:
        """``card`` says which kinds of input there are; ``wait`` bounds a blocking request."""
        self._card = card
        self._wait = wait

    @validate_request_params
    @answering
    async def on_message_send(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> Task | Message:
        """Work on a message; wait for the end of what goes on, unless asked not to."""
        caller = caller_of(context)
        taken = await received(params, caller, self._card)
        if isinstance(taken, Message):
            return taken
        if not params.configuration.return_immediately:
            taken = await self._waited(caller, taken)
        return apply_history_length(task_of(taken), params.configuration)

    @validate_request_params
    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        """Work on a message and tell of it until it ends or asks something."""
        caller = caller_of(context)
        row = await answering(received)(params, caller, self._card)
        if isinstance(row, Message):
            yield row
            return
        if row["stands"] in (*ENDED, *INTERRUPTED):
            for event in whole_life(row):
                yield event
            return
        yield task_of(row)
        async for event in self._followed(caller, row, (*ENDED, *INTERRUPTED)):
            yield event

    @validate_request_params
    @answering
    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task:
        """Return a task as it stands now."""
        validate_history_length(params)
        return apply_history_length(task_of(await found(caller_of(context), params.id)), params)

    @validate_request_params
    @answering
    async def on_list_tasks(
        self, params: ListTasksRequest, context: ServerCallContext
    ) -> ListTasksResponse:
        """Return the caller's tasks, the ones that changed last first."""
        validate_history_length(params)
        if params.HasField("page_size"):
            validate_page_size(params.page_size)
        size = params.page_size or PAGE
        rows = await _listed(caller_of(context), params, size + 1)
        page = rows[:size]
        tasks = [task_of(row, artifacts=params.include_artifacts) for row in page]
        last = page[-1] if len(rows) > size else None
        return ListTasksResponse(
            tasks=[apply_history_length(task, params) for task in tasks],
            next_page_token=_token(last) if last else "",
            page_size=size,
            total_size=rows[0]["total"] if rows else 0,
        )

    @validate_request_params
    @answering
    async def on_cancel_task(self, params: CancelTaskRequest, context: ServerCallContext) -> Task:
        """End a task; the journey that it waits for goes on, for that is not the task's own."""
        caller = caller_of(context)
        row = await found(caller, params.id)
        said = "Canceled; nothing of it goes on."
        if row["until_stage"] is not None:
            said = f"No longer waiting; the journey of {row['client_id']} goes on."
        async with caller.door.db.connection() as connection:
            done = await store.cancel(connection, caller.owner, row["task_id"], said)
        if not done:
            raise TaskNotCancelableError(message=f"the task is {row['stands']}")
        return task_of(await found(caller, params.id))

    @validate_request_params
    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        """Tell of a task until it ends."""
        caller = caller_of(context)
        row = await answering(found)(caller, params.id)
        if row["stands"] in ENDED:
            raise UnsupportedOperationError(message=f"the task is {row['stands']}")
        yield task_of(row)
        async for event in self._followed(caller, row, ENDED):
            yield event

    async def on_create_task_push_notification_config(self, *_: Any) -> TaskPushNotificationConfig:
        """Refuse: who wants to be told subscribes to the task, or to the API's webhooks."""
        raise PushNotificationNotSupportedError

    async def on_get_task_push_notification_config(self, *_: Any) -> TaskPushNotificationConfig:
        """Refuse."""
        raise PushNotificationNotSupportedError

    async def on_list_task_push_notification_configs(
        self, *_: Any
    ) -> ListTaskPushNotificationConfigsResponse:
        """Refuse."""
        raise PushNotificationNotSupportedError

    async def on_delete_task_push_notification_config(self, *_: Any) -> None:
        """Refuse."""
        raise PushNotificationNotSupportedError

    async def on_get_extended_agent_card(self, *_: Any) -> AgentCard:
        """Refuse: everybody gets the same card."""
        raise UnsupportedOperationError(message="there is no extended card")

    async def _waited(self, caller: Caller, row: Row) -> Row:
        async for _ in pulse(self._wait):
            if row["stands"] in (*ENDED, *INTERRUPTED):
                return row
            row = await found(caller, str(row["task_id"]))
        return row

    async def _followed(
        self, caller: Caller, row: Row, until: tuple[str, ...]
    ) -> AsyncIterator[Event]:
        """Yield what is new of a task, until it stands as one of ``until``."""
        async for _ in pulse(None):
            now = await answering(found)(caller, str(row["task_id"]))
            if _marks(now) != _marks(row):
                for event in news(now, len(row["artifacts"])):
                    yield event
            row = now
            if row["stands"] in until:
                return


def caller_of(context: ServerCallContext) -> Caller:
    """Return who asks."""
    return cast(Caller, context.state[CALLER])


async def _listed(caller: Caller, params: ListTasksRequest, limit: int) -> list[Row]:
    since = None
    if params.HasField("status_timestamp_after"):
        since = params.status_timestamp_after.ToDatetime(tzinfo=UTC)
    async with caller.door.db.connection() as connection:
        return await store.list_tasks(
            connection,
            caller.owner,
            limit,
            context_id=params.context_id or None,
            state=name_of(params.status),
            since=since,
            after=_place(params.page_token),
        )


def _token(row: Row) -> str:
    return cursor_of(row["stands_since"].isoformat(), str(row["task_id"]))


def _place(token: str) -> Any:
    try:
        place = place_of(token or None, str, str)
        return place and (datetime.fromisoformat(place[0]), UUID(place[1]))
    except (ProblemError, ValueError):
        raise InvalidParamsError(message="this pageToken is none of ours") from None


def _marks(row: Row) -> tuple[Any, ...]:
    return row["stands"], row["stands_since"], row["version"], row["waiting_for"]
