"""From a message to work, and from an outcome to the events of its task."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from a2a.helpers import new_data_part, new_text_part
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import Artifact, Message, Task, TaskState, TaskStatus
from a2a.utils.errors import InvalidParamsError

from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome
from sojourn.sandbox.a2a_server.calls import call, said
from sojourn.sandbox.inputs import BadInput, Inputs
from sojourn.sandbox.online.backend import Backend, ServiceError
from sojourn.sandbox.online.desk import Desk, Limits
from sojourn.sandbox.online.jobs import Job
from sojourn.sandbox.scenario import Scenario, Trouble, read
from sojourn.sandbox.seeds import share

RESULT: Final = "result"
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
        """Work on a message; one that comes again while it is being worked on does nothing.

        What is done in a moment is told with the first event; the rest tells its progress.
        """
        message = context.message
        if message is None:
            raise InvalidParamsError(message="a message is needed")
        if message.message_id in self._taken:
            return
        self._taken.add(message.message_id)
        task = _task(context)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        telling = Telling(updater, known=context.current_task is not None)
        work = asyncio.ensure_future(self._outcome(message, task.id, telling))
        try:
            if not telling.known:
                await asyncio.wait({work}, timeout=self._limits.prompt_seconds)
                if work.done():
                    await event_queue.enqueue_event(_finished(task, updater, work.result()))
                    return
                await event_queue.enqueue_event(task)
            await telling.begin()
            await _tell(updater, await work)
        finally:
            work.cancel()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Say that the work has stopped; the framework has stopped it."""
        task = _task(context)
        self._asked.pop(task.id, None)
        await TaskUpdater(event_queue, task.id, task.context_id).cancel()

    async def _outcome(self, message: Message, task_id: str, telling: "Telling") -> Outcome:
        outcome = await self._attempt(message, task_id, telling)
        if not isinstance(outcome, Needs):
            self._asked.pop(task_id, None)
        return outcome

    async def _attempt(self, message: Message, task_id: str, telling: "Telling") -> Outcome:
        try:
            return await self._work(message, task_id, telling)
        except BadInput as error:
            return Failed(str(error), retryable=False)
        except ServiceError as error:
            return Failed(str(error), retryable=error.passing)
        except Exception as error:  # noqa: BLE001 -- the caller learns what, and nothing of where
            return Failed(f"the agent stumbled: {type(error).__name__}")

    async def _work(self, message: Message, task_id: str, telling: "Telling") -> Outcome:
        made = self._call(message, task_id)
        backend = replace(self._backend, client=made.client_id, now=made.now)
        scenario = await _scenario(made, backend)
        now = made.now or datetime.now(UTC)
        if scenario.fault(Trouble.DEAD, now, self._agent_id):
            await asyncio.Event().wait()
        flaky = scenario.fault(Trouble.FLAKY, now, self._agent_id)
        if flaky and share(message.message_id, "flaky") < flaky.amount:
            return Failed("the agent lost its connection, as it does at times")
        if scenario.fault(Trouble.LIE, now, self._agent_id):
            return await self._job.boast(_untroubled(made))
        scenario = await _mended(scenario, backend, self._agent_id, now)
        desk = Desk(
            made, Inputs(made.input_data), backend, scenario, now, telling.progress, self._limits
        )
        return await self._job.work(desk)

    def _call(self, message: Message, task_id: str) -> Call:
        """Return the call of a message; an answer goes on with what was asked for first."""
        first, known = self._asked.get(task_id, (message, {}))
        fields = {**known, **said(message, ANSWERS if known else None)}
        self._asked[task_id] = (first, fields)
        return call(self._agent_id, first, fields)


class Telling:
    """Tells how work goes, once its task is known to whoever asked for it."""

    def __init__(self, updater: TaskUpdater, *, known: bool) -> None:
        """Tell through an updater."""
        self._updater = updater
        self._begun = False
        self.known = known

    async def begin(self) -> None:
        """Say that the work goes on."""
        await self._updater.start_work()
        self._begun = True

    async def progress(self, done: float, text: str) -> None:
        """Say how much has been done, 0 to 1; nobody hears it before the beginning."""
        if self._begun:
            metadata = {"progress": round(done, 3)}
            words = _words(self._updater, text)
            await self._updater.update_status(
                TaskState.TASK_STATE_WORKING, words, metadata=metadata
            )


@dataclass(frozen=True, slots=True)
class Told:
    """What an outcome is in the words of A2A."""

    state: TaskState
    text: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] | None = None


def told(outcome: Outcome) -> Told:
    """Return what an outcome is in the words of A2A."""
    match outcome:
        case Completed():
            return Told(TaskState.TASK_STATE_COMPLETED, result=_result(outcome))
        case Needs():
            return Told(TaskState.TASK_STATE_INPUT_REQUIRED, outcome.prompt)
        case Failed():
            again = {"retryable": outcome.retryable}
            return Told(TaskState.TASK_STATE_FAILED, outcome.message, again)
    return Told(TaskState.TASK_STATE_REJECTED, "this agent does not do that")


async def _tell(updater: TaskUpdater, outcome: Outcome) -> None:
    """Tell an outcome as events of a task that is known."""
    end = told(outcome)
    if end.result is not None:
        await updater.add_artifact([new_data_part(dict(end.result))], name=RESULT)
    words = _words(updater, end.text) if end.text else None
    await updater.update_status(end.state, words, metadata=dict(end.metadata) or None)


def _finished(task: Task, updater: TaskUpdater, outcome: Outcome) -> Task:
    """Return a task that has ended, or asks, before anybody heard of it."""
    end = told(outcome)
    status = TaskStatus(state=end.state, message=_words(updater, end.text) if end.text else None)
    status.timestamp.GetCurrentTime()
    task.status.CopyFrom(status)
    task.metadata.update(dict(end.metadata))
    if end.result is not None:
        parts = [new_data_part(dict(end.result))]
        task.artifacts.append(Artifact(artifact_id=RESULT, name=RESULT, parts=parts))
    return task


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


async def _mended(scenario: Scenario, backend: Backend, agent_id: str, now: datetime) -> Scenario:
    """End the troubles that work of this agent mends."""
    mended = scenario.mended(agent_id, now)
    if mended != scenario:
        await backend.at(now).mended(agent_id)
    return mended


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
