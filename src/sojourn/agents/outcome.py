"""From what an agent answered to an outcome; a faulty answer is a failure that says why."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sojourn.agents.redact import redact
from sojourn.agents.shape import LIMIT, BadAnswer, plain
from sojourn.core.outcomes import (
    Call,
    Completed,
    Failed,
    Measured,
    Needs,
    Outcome,
    Rejected,
    Working,
    number,
)

SKEW: Final = timedelta(minutes=1)
POLL_SHORTEST: Final = timedelta(milliseconds=100)
POLL_DEFAULT: Final = timedelta(seconds=5)
POLL_LONGEST: Final = timedelta(hours=1)

STATES: Final = {
    **dict.fromkeys(("completed", "succeeded", "success", "done", "finished"), "completed"),
    **dict.fromkeys(("working", "running", "pending", "queued", "submitted", "started"), "working"),
    **dict.fromkeys(("in-progress", "processing", "accepted", "waiting"), "working"),
    **dict.fromkeys(("failed", "error", "crashed", "timed-out", "expired"), "failed"),
    **dict.fromkeys(("input-required", "auth-required"), "needs"),
    "cancelled": "cancelled",
    "rejected": "rejected",
}
"""What an agent may call its state, and what it means."""


def usable(make: Callable[[], Outcome]) -> Outcome:
    """Return an outcome, or the failure that says why the answer cannot be used."""
    try:
        return make()
    except (ValueError, RecursionError) as error:
        return Failed(redact(f"the answer cannot be used: {error}"), retryable=False)


def returned(value: Any, call: Call, limit: int = LIMIT) -> Outcome:
    """Return the outcome of what a callable returned.

    An outcome as it is, a mapping as the output, or a pair of output and measurements.
    """
    return usable(lambda: _returned(value, call, limit))


def completed(
    output: Any, measurements: Any, facts: Any, call: Call, limit: int = LIMIT
) -> Completed:
    """Return a completion whose parts have been checked; raises :class:`BadAnswer`."""
    return Completed(
        _mapping(plain(output, limit), "the output"),
        measured(measurements, call),
        _mapping(plain(facts, limit), "facts"),
    )


def measured(measurements: Any, call: Call) -> tuple[Measured, ...]:
    """Return checked measurements; raises :class:`BadAnswer` with the place of a faulty one."""
    if isinstance(measurements, Mapping | str) or not isinstance(measurements, Iterable):
        raise BadAnswer(f"measurements must be a list, not {type(measurements).__name__}")
    return tuple(_measured(m, f"measurements[{i}]", call) for i, m in enumerate(measurements))


def document(
    answer: Any, call: Call, handle: Mapping[str, Any], *, bare: bool, limit: int = LIMIT
) -> Outcome:
    """Return the outcome of an agent's JSON answer.

    It is an object with a ``status`` (one of STATES) or an ``output``, or, where ``bare`` answers
    are allowed, the output itself. ``handle`` finds the work again; an empty one does not.
    """
    return usable(lambda: _document(answer, call, handle, bare, limit))


def pause(seconds: Any, otherwise: timedelta = POLL_DEFAULT) -> timedelta:
    """Return a wait between polls from an agent's number of seconds, within bounds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds != seconds:
        return otherwise
    bounded = min(max(seconds, POLL_SHORTEST.total_seconds()), POLL_LONGEST.total_seconds())
    return timedelta(seconds=bounded)


def _returned(value: Any, call: Call, limit: int) -> Outcome:
    match value:
        case Completed(output, measurements, facts):
            return completed(output, measurements, facts, call, limit)
        case Working(handle, poll_after):
            return Working(
                _mapping(plain(handle, limit), "the handle"), pause(poll_after.total_seconds())
            )
        case Needs(kind, prompt, handle):
            return _question(kind, prompt, _mapping(plain(handle, limit), "the handle"))
        case Failed(message, retryable, retry_after):
            return Failed(redact(str(message)), bool(retryable), retry_after)
        case Rejected(message):
            return Rejected(redact(str(message)))
        case (output, measurements):
            return completed(output, measurements, {}, call, limit)
    return completed(value, (), {}, call, limit)


def _document(
    answer: Any, call: Call, handle: Mapping[str, Any], bare: bool, limit: int
) -> Outcome:
    body = _mapping(answer, "the answer")
    status = body.get("status")
    state = STATES.get(spelled(status)) if isinstance(status, str) else None
    if state is None and not (bare or "output" in body):
        raise BadAnswer(f"the status {status!r:.40} is none of {', '.join(sorted(STATES))}")
    match state:
        case "working":
            return _working(body, handle)
        case "needs":
            kind = spelled(str(status)).removesuffix("-required")
            return _question(kind, body.get("prompt") or _message(body), handle)
        case "failed":
            again = body.get("retryable") is not False
            return Failed(redact(_message(body)), again, _retry_after(body))
        case "cancelled":
            return Failed(redact(f"the agent cancelled it: {_message(body)}"), retryable=False)
        case "rejected":
            return Rejected(redact(_message(body)))
    return _finished(body, call, limit)


def envelope(body: Mapping[str, Any], call: Call, limit: int = LIMIT) -> Completed:
    """Return a completion from an object that is the output, or holds it with measurements.

    It holds it if it has ``output`` and nothing but that, ``measurements`` and ``facts``.
    """
    if "output" in body and set(body) <= {"output", "measurements", "facts"}:
        return _finished(body, call, limit)
    return completed(body, (), {}, call, limit)


def _finished(body: Mapping[str, Any], call: Call, limit: int) -> Completed:
    if "output" not in body:
        return completed(body, (), {}, call, limit)
    measurements, facts = body.get("measurements") or (), body.get("facts") or {}
    return completed(body["output"], measurements, facts, call, limit)


def _retry_after(body: Mapping[str, Any]) -> timedelta | None:
    return pause(body["retry_after"]) if "retry_after" in body else None


def spelled(status: str) -> str:
    """Return a state's name in one spelling: ``INPUT_REQUIRED`` is ``input-required``."""
    word = status.strip().lower().replace("_", "-").replace(" ", "-")
    return "cancelled" if word == "canceled" else word


def _working(body: Mapping[str, Any], handle: Mapping[str, Any]) -> Working:
    if not handle:
        raise BadAnswer("it is still working but names no status_url to ask at")
    return Working(handle, pause(body.get("poll_after")))


def _question(kind: str, prompt: Any, handle: Mapping[str, Any]) -> Needs:
    if kind not in ("input", "auth"):
        raise BadAnswer(f"it needs {kind!r:.40}; only 'input' or 'auth' can be asked for")
    return Needs(kind, redact(str(prompt)), handle)


def _message(body: Mapping[str, Any]) -> str:
    for name in ("message", "error", "reason", "detail", "title"):
        value = body.get(name)
        if isinstance(value, Mapping):
            value = value.get("message")
        if isinstance(value, str) and value.strip():
            return value
    return "the agent gave no reason"


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadAnswer(f"{what} must be an object, not {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _measured(value: Any, place: str, call: Call) -> Measured:
    if isinstance(value, Measured):
        value = {"metric": value.metric, "value": value.value, "n": value.n, "at": value.at}
    fields = _mapping(value, place)
    metric, n = fields.get("metric"), fields.get("n", 1)
    if not isinstance(metric, str) or not 0 < len(metric) <= 200:
        raise BadAnswer(f"{place}.metric must be the name of a metric, not {metric!r:.40}")
    if not _whole(n):
        raise BadAnswer(f"{place}.n must be a whole number of samples, not {n!r:.40}")
    try:
        amount = number(fields.get("value"), f"{place}.value")
    except ValueError as error:
        raise BadAnswer(str(error)) from None
    return Measured(metric, amount, int(n), _instant(fields.get("at"), f"{place}.at", call))


def _whole(n: Any) -> bool:
    """Say whether a number counts something: 3 or 3.0, not 0, 2.5 or true."""
    if isinstance(n, float):
        return n.is_integer() and n >= 1
    return isinstance(n, int) and not isinstance(n, bool) and n >= 1


def _instant(value: Any, place: str, call: Call) -> datetime | None:
    if value is None:
        return None
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadAnswer(f"{place} must be an ISO 8601 instant, not {value!r:.40}") from None
    if at.tzinfo is None:
        raise BadAnswer(f"{place} needs a time zone, such as {at.isoformat()}Z")
    if at > (call.now or datetime.now(UTC)) + call.timeout + SKEW:
        raise BadAnswer(f"{place} lies in the future: {at.isoformat()}")
    return at.astimezone(UTC)
