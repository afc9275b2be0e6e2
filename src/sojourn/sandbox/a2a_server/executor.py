"""From a message to work, and from an outcome to the events of its task."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

from a2a.helpers import new_data_part, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Message, Task, TaskState, TaskStatus
from a2a.utils.errors import InvalidParamsError

from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome
from sojourn.sandbox.a2a_server.calls import call, said
from sojourn.sandbox.inputs import BadInput, Inputs
from sojourn.sandbox.online.backend import Backend, ServiceError
from sojourn.sandbox.online.desk import Desk, Limits
from sojourn.sandbox.online.jobs import Job
from sojourn.sandbox.scenario import Scenario, Trouble, read
from sojourn.sandbox.seeds import share

ANSWERS: Final = "auth_method"
"""The field that a person's text fills, where an agent has asked."""


class Worker(AgentExecutor):
    """One agent: it works on calls at the client's instance of the search service."""

    def __init__(self, agent_id: str, job: Job, backend: Backend, limits: Limits) -> None:
        """Do a job; the backend is that of no client in particular."""
        self._agent_id = agent_id
        self._job = job
        self._backend = backend
        self._limits = limits
        self._taken: set[str] = set()
        self._asked: dict[str, tuple[Message, Mapping[str, Any]]] = {}

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Work on a message; one that comes again while it is being worked on does nothing."""
        message = context.message
        if message is None:
            raise InvalidParamsError(message="a message is needed")
        if message.message_id in self._taken:
            return
        self._taken.add(message.message_id)
        task = _task(context)
        if context.current_task is None:
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work()
        await self._tell(updater, await self._outcome(message, task.id, updater))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Say that the work has stopped; the framework has stopped it."""
        task = _task(context)
        self._asked.pop(task.id, None)
        await TaskUpdater(event_queue, task.id, task.context_id).cancel()

    async def _outcome(self, message: Message, task_id: str, updater: TaskUpdater) -> Outcome:
        try:
            return await self._work(message, task_id, updater)
        except BadInput as error:
            return Failed(str(error), retryable=False)
        except ServiceError as error:
            return Failed(str(error), retryable=error.passing)
        except Exception as error:  # noqa: BLE001 -- the caller learns what, and nothing of where
            return Failed(f"the agent stumbled: {type(error).__name__}")

    async def _work(self, message: Message, task_id: str, updater: TaskUpdater) -> Outcome:
        made = self._call(message, task_id)
        backend = replace(self._backend, client=made.client_id, now=made.now)
        scenario = await _scenario(made, backend)
        now = made.now or datetime.now(UTC)
        if scenario.fault(Trouble.DEAD, now, self._agent_id):
            await asyncio.Event().wait()
        flaky = scenario.fault(Trouble.FLAKY, now, self._agent_id)
        if flaky and share(made.key, "flaky") < flaky.amount:
            return Failed("the agent lost its connection, as it does at times")
        if scenario.fault(Trouble.LIE, now, self._agent_id):
            return await self._job.boast(_untroubled(made))

        async def progress(done: float, text: str) -> None:
            told = updater.new_agent_message([new_text_part(text)])
            await updater.update_status(
                TaskState.TASK_STATE_WORKING, told, metadata={"progress": round(done, 3)}
            )

        inputs = Inputs(made.input_data)
        return await self._job.work(
            Desk(made, inputs, backend, scenario, now, progress, self._limits)
        )

    def _call(self, message: Message, task_id: str) -> Call:
        """Return the call of a message; an answer goes on with what was asked for first."""
        first, known = self._asked.get(task_id, (message, {}))
        fields = {**known, **said(message, ANSWERS if known else None)}
        self._asked[task_id] = (first, fields)
        return call(self._agent_id, first, fields)

    async def _tell(self, updater: TaskUpdater, outcome: Outcome) -> None:
        if isinstance(outcome, Needs):
            await updater.requires_input(_words(updater, outcome.prompt))
            return
        self._asked.pop(updater.task_id, None)
        if isinstance(outcome, Completed):
            await updater.add_artifact([new_data_part(_result(outcome))], name="result")
            await updater.complete()
        elif isinstance(outcome, Failed):
            await updater.update_status(
                TaskState.TASK_STATE_FAILED,
                _words(updater, outcome.message),
                metadata={"retryable": outcome.retryable},
            )


def _untroubled(made: Call) -> Call:
    """Return a call to a world in which all is well."""
    fields = {k: v for k, v in made.input_data.items() if k != "world"}
    return replace(made, input_data=fields)


async def _scenario(made: Call, backend: Backend) -> Scenario:
    """Return what troubles a client; the call's own ``world`` goes first, and stays."""
    if made.input_data.get("world") is not None:
        scenario = read(made.input_data["world"])
        await backend.trouble(scenario)
        return scenario
    return await backend.scenario()


def _task(context: RequestContext) -> Task:
    if context.current_task is not None:
        return context.current_task
    return Task(
        id=context.task_id,
        context_id=context.context_id,
        status=TaskStatus(state=TaskState.TASK_STATE_SUBMITTED),
        history=[context.message] if context.message else [],
    )


def _words(updater: TaskUpdater, text: str) -> Message:
    return updater.new_agent_message([new_text_part(text)])


def _result(outcome: Completed) -> dict[str, Any]:
    """Return the answer: the output, and with it what was measured."""
    measured = [{k: v for k, v in asdict(m).items() if v is not None} for m in outcome.measurements]
    return {"output": dict(outcome.output), "measurements": measured}
