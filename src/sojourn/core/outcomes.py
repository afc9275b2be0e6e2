"""What an agent is asked, what it can answer, and what each answer makes of the task."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import inf, isfinite
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from sojourn.core.journal import keepable, readable
from sojourn.core.work import Retry, TaskStatus

NAMESPACE: Final = uuid5(NAMESPACE_URL, "https://sojourn.dev/task")
POLL_LONGEST: Final = timedelta(minutes=5)
LARGEST: Final = 1e100
"""The greatest value of a measurement either way: sums and squares of such can be computed."""
POLL_SHORTEST: Final = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of one task, as the bridge hands it to an agent.

    ``fence`` counts take-overs and retries; a write that names an older one changes nothing.
    ``key`` is the same for every repetition of one attempt, so an agent can recognise a repeat.
    ``now`` is the journey's clock, ``timeout`` real time.
    """

    journey_id: UUID
    uow_id: UUID
    task_id: str
    agent_id: str
    fence: int
    retry_count: int = 0
    name: str = ""
    client_id: str = ""
    stage: str = ""
    input_data: Mapping[str, Any] = field(default_factory=dict)
    now: datetime | None = None
    timeout: timedelta = timedelta(seconds=60)
    idempotent: bool = False
    handle: Mapping[str, Any] | None = None
    """What the agent gave to find its remote work again, where it is being polled or cancelled."""
    answer: Any = None
    """A person's answer to the agent's question, where the remote work is being continued."""
    sent_before: bool = False
    """An earlier holder of this attempt may have sent it already; look for it before sending."""
    called_back: Mapping[str, Any] | None = None
    """What the agent called back with, where that has not been seen to."""
    begun: datetime | None = None
    """When the task was begun: each run of repeated work is another one."""
    trace: str | None = None
    """The trace in which the task was made, as W3C's traceparent."""

    @property
    def key(self) -> str:
        """Return the idempotency key: the same for one attempt of one run, whoever holds it."""
        run = f"{self.begun.astimezone(UTC).isoformat()}/" if self.begun else ""
        return str(uuid5(NAMESPACE, f"{self.uow_id}/{self.task_id}/{run}{self.retry_count}"))

    @property
    def message_id(self) -> str:
        """Return the A2A message id, a function of the attempt alone."""
        return self.key

    @property
    def context_id(self) -> str:
        """Return the A2A context id, by which a lost reply's remote task is found again."""
        return str(uuid5(NAMESPACE, f"context/{self.key}"))


@dataclass(frozen=True, slots=True)
class Measured:
    """One value that an agent measured; ``n`` is how many samples stand behind it."""

    metric: str
    value: float
    n: int = 1
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """The work is done."""

    output: Mapping[str, Any] = field(default_factory=dict)
    measurements: tuple[Measured, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Working:
    """The work goes on elsewhere; ``handle`` finds it again, after ``poll_after``."""

    handle: Mapping[str, Any]
    poll_after: timedelta = timedelta(seconds=5)
    unheard: bool = False
    """Nothing was heard of the agent this time: a reply was lost, or a poll failed."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The agent asks a person; the answer continues the same remote work."""

    kind: str
    """``input`` or ``auth``."""
    prompt: str
    handle: Mapping[str, Any] = field(default_factory=dict)
    unheard: bool = False
    """It is we who ask: a reply was lost, and nobody knows what became of the work."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt failed; a retryable failure may be tried again, not before ``retry_after``."""

    message: str
    retryable: bool = True
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The agent refuses the task as it is; it is not tried again by itself."""

    message: str


Outcome = Completed | Working | Needs | Failed | Rejected


@dataclass(frozen=True, slots=True)
class Attempt:
    """What settling an answer needs to know of the task."""

    call: Call
    max_retries: int
    retry: Retry
    deadline_at: datetime
    measures: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


class Sign(StrEnum):
    """What a settlement says of its agent's health, where that is not simply that it answered."""

    ILL = "ill"
    """It could not be reached, or failed in a way that may pass."""
    NONE = "none"
    """Nothing: it was not asked, or the fault is the task's or ours."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an answer makes of the task's row. ``due_at`` is when it next needs a worker."""

    status: TaskStatus
    retry_count: int
    output: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    handle: Mapping[str, Any] | None = None
    question: Mapping[str, Any] | None = None
    due_at: datetime | None = None
    measurements: tuple[Measured, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    sign: Sign | None = None


def settle(attempt: Attempt, outcome: Outcome, now: datetime, draw: float) -> Settlement:
    """Return what an answer that came at ``now`` makes of its task.

    ``draw`` in [0, 1) is the jitter of a retry. A failure is retried while retries are left and
    the deadline allows; a question waits for a person until the deadline.
    """
    match outcome:
        case Completed():
            return _completed(attempt, outcome)
        case Working() | Needs() if now >= attempt.deadline_at:
            return final(attempt, "deadline", "not done by its deadline")
        case Working():
            return _working(attempt, outcome, now)
        case Needs():
            return _question(attempt, outcome, now)
        case Failed():
            return _failed(attempt, outcome, now, draw)
        case Rejected():
            told = f"rejected by the agent: {outcome.message}"
            return final(attempt, "rejected", told, sign=None)


def final(
    attempt: Attempt, kind: str, message: str, *, sign: Sign | None = Sign.NONE
) -> Settlement:
    """Return the settlement of a task that has failed for good."""
    error = {"kind": kind, "message": readable(message)}
    return Settlement(TaskStatus.FAILED, attempt.call.retry_count, error=error, sign=sign)


def _working(attempt: Attempt, working: Working, now: datetime) -> Settlement:
    wait = min(max(working.poll_after, POLL_SHORTEST), POLL_LONGEST)
    return Settlement(
        TaskStatus.RUNNING,
        attempt.call.retry_count,
        handle=working.handle,
        due_at=min(now + wait, attempt.deadline_at),
        sign=Sign.ILL if working.unheard else None,
    )


def _question(attempt: Attempt, asked: Needs, now: datetime) -> Settlement:
    question = {"kind": asked.kind, "prompt": readable(asked.prompt), "since": now.isoformat()}
    return Settlement(
        TaskStatus.RUNNING,
        attempt.call.retry_count,
        handle=asked.handle,
        question=question,
        due_at=attempt.deadline_at,
        sign=Sign.ILL if asked.unheard else None,
    )


def _failed(attempt: Attempt, failed: Failed, now: datetime, draw: float) -> Settlement:
    used = attempt.call.retry_count
    if not failed.retryable:
        return final(attempt, "failed", failed.message)
    if used >= attempt.max_retries:
        tried = f"{used + 1} attempt{'s' if used else ''}"
        told = f"failed after {tried}: {failed.message}"
        return final(attempt, "failed", told, sign=Sign.ILL)
    wait = max(attempt.retry.delay(used + 1, draw), failed.retry_after or timedelta(0))
    if wait > attempt.deadline_at - now:
        told = f"no time for another attempt: {failed.message}"
        return final(attempt, "deadline", told, sign=Sign.ILL)
    error = {"kind": "retrying", "message": readable(failed.message)}
    return Settlement(TaskStatus.PENDING, used + 1, error=error, due_at=now + wait, sign=Sign.ILL)


def _completed(attempt: Attempt, done: Completed) -> Settlement:
    """Settle a completed task; a metric that the path maps counts once, as the path says."""
    try:
        own = [m for m in done.measurements if m.metric not in attempt.measures]
        measured = (*map(_sound, own), *_mapped(done.output, attempt.measures))
        facts = {name: pick(done.output, where) for name, where in attempt.facts.items()}
        for said in (done.output, done.facts):
            keepable(said, "answer")
    except LookupError as error:
        return final(attempt, "bad_answer", f"the answer lacks {error.args[0]}")
    except (TypeError, ValueError) as error:
        return final(attempt, "bad_answer", str(error))
    return Settlement(
        TaskStatus.COMPLETED,
        attempt.call.retry_count,
        output=done.output,
        measurements=measured,
        facts={**done.facts, **facts},
    )


def _sound(measured: Measured) -> Measured:
    if measured.n < 1:
        raise ValueError(f"{measured.metric}: {measured.n} samples are not a measurement")
    return replace(measured, value=number(measured.value, measured.metric))


def _mapped(output: Mapping[str, Any], measures: Mapping[str, str]) -> list[Measured]:
    return [Measured(name, number(pick(output, place), place)) for name, place in measures.items()]


def pick(output: Any, place: str) -> Any:
    """Return what stands at a dotted place of an output; LookupError names the place."""
    found = output
    for step in place.split("."):
        if not isinstance(found, Mapping) or step not in found:
            raise LookupError(f"{place!r} (no {step!r})")
        found = found[step]
    return found


def number(value: Any, place: str) -> float:
    """Return a value as a finite number; ValueError names the place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{place}: a number is needed, not {value!r:.80}")
    try:
        found = float(value)
    except OverflowError:
        found = inf
    if not isfinite(found) or abs(found) > LARGEST:
        raise ValueError(f"{place}: {value!r:.80} is not a measurement")
    return found
