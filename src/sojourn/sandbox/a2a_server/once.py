"""One message, one task: a message that comes again is answered with the task that it became."""

from typing import Final, cast
from uuid import UUID, uuid5

from a2a.server.agent_execution import RequestContext, SimpleRequestContextBuilder
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.types import GetTaskRequest, Message, SendMessageRequest, Task
from a2a.utils.errors import TaskNotFoundError

NAMESPACE: Final = UUID("5f0a6f9e-3d0c-5f0e-9d52-5b7d8a1f6b11")


def task_id_of(message: Message) -> str:
    """Return the id of the task that a message becomes: a function of the message's id alone."""
    return message.task_id or str(uuid5(NAMESPACE, message.message_id))


class OnceContextBuilder(SimpleRequestContextBuilder):
    """Gives a new task the id that follows from its message."""

    async def build(
        self,
        context: ServerCallContext,
        params: SendMessageRequest | None = None,
        task_id: str | None = None,
        context_id: str | None = None,
        task: Task | None = None,
    ) -> RequestContext:
        """Return the context of a request."""
        if params is not None and task_id is None:
            task_id = task_id_of(params.message)
        return await super().build(context, params, task_id, context_id, task)


class OnceHandler(DefaultRequestHandler):
    """Answers a message that came before with its task, whatever became of it."""

    async def on_message_send(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> Message | Task:
        """Take a message, or return the task that it became before."""
        if not params.message.task_id:
            try:
                known = GetTaskRequest(id=task_id_of(params.message), history_length=0)
                found = await self.on_get_task(known, context)
            except TaskNotFoundError:
                found = None
            if found is not None:
                return cast("Task", found)
        return cast("Message | Task", await super().on_message_send(params, context))
