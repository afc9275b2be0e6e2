"""Every status as people see it: an icon, a word and a tone, never a colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Status:
    """How a status looks; ``tone`` is ok, warn, bad, busy, wait or unknown (grey)."""

    icon: str
    word: str
    tone: str
    about: str = ""


UNKNOWN: Final = Status("question", "Unknown", "unknown")

SCHEDULE: Final[Mapping[str, Status]] = {
    "ahead": Status("up", "Ahead", "ok", "Entered this stage a day or more before its plan"),
    "on_track": Status("check", "On track", "ok", "Within the stage's target"),
    "behind": Status("clock", "Behind", "warn", "Over the stage's target"),
    "stuck": Status("alert", "Stuck", "bad", "Over the stage's limit"),
    "held": Status("pause", "Held", "wait", "Clocks and dispatch stand still"),
    "completed": Status("check", "Completed", "ok"),
    "cancelled": Status("stop", "Cancelled", "unknown"),
    "rollback": Status("undo", "Rolling back", "bad"),
}
BALL: Final[Mapping[str, Status]] = {
    "agent": Status("agent", "Agent", "busy", "An agent is working"),
    "client": Status("users", "Client", "wait", "The client has to do something"),
    "approver": Status("approve", "Approver", "wait", "Somebody has to approve"),
    "operator": Status("user", "Operator", "warn", "An operator has to act"),
    "soak": Status("hourglass", "Time", "unknown", "Only healthy time is needed"),
    "nobody": Status("dot", "Nobody", "unknown", "Nobody has to act"),
}
VERDICT: Final[Mapping[str, Status]] = {
    "passed": Status("check", "Passed", "ok"),
    "waived": Status("waive", "Waived", "ok", "Set aside by a person, for a time"),
    "failed": Status("cross", "Failed", "bad"),
    "error": Status("bolt", "Source error", "warn", "The source of the evidence is in error"),
    "insufficient_data": Status("question", "Not enough evidence", "unknown"),
    "pending": Status("clock", "Pending", "wait"),
}
WORK: Final[Mapping[str, Status]] = {
    "pending": Status("dot", "Waiting", "unknown"),
    "running": Status("play", "Running", "busy"),
    "completed": Status("check", "Completed", "ok"),
    "failed": Status("cross", "Failed", "bad"),
    "rolled_back": Status("undo", "Taken back", "unknown"),
    "asking": Status("chat", "Asks", "warn"),
    "held": Status("pause", "Held", "wait"),
}
SEVERITY: Final[Mapping[str, Status]] = {
    "page": Status("alert", "Page", "bad", "Somebody is called"),
    "notify": Status("bell", "Notify", "warn", "Somebody is told"),
    "digest": Status("list", "Digest", "unknown", "Told in a summary"),
}
ROLLBACK: Final[Mapping[str, Status]] = {
    "executing": Status("undo", "Executing", "busy"),
    "failed": Status("cross", "Failed", "bad"),
    "completed": Status("check", "Completed", "ok"),
    "cancelled": Status("stop", "Cancelled", "unknown"),
}
ANSWER: Final[Mapping[str, Status]] = {
    "approve": Status("check", "Approved", "ok"),
    "reject": Status("cross", "Rejected", "bad"),
    "waive": Status("waive", "Waived", "wait"),
}
HEALTH: Final[Mapping[str, Status]] = {
    "good": Status("check", "Healthy", "ok"),
    "shaky": Status("alert", "Unsteady", "warn", "Some of its tasks fail"),
    "failing": Status("cross", "Failing", "bad", "Most of its tasks fail"),
    "idle": Status("dot", "Not used yet", "unknown"),
}
GOAL: Final[Mapping[str, Status]] = {
    "met": Status("check", "On target", "ok"),
    "missed": Status("cross", "Off target", "bad"),
    "unknown": Status("question", "No data", "unknown"),
}
DELIVERY: Final[Mapping[str, Status]] = {
    "pending": Status("clock", "Waiting", "wait", "Still to be made, or tried again later"),
    "delivered": Status("check", "Delivered", "ok"),
    "failed": Status("cross", "Failed", "bad", "Tried for 24 hours in vain"),
    "dropped": Status("stop", "Dropped", "unknown", "Its route or its alert is gone"),
}
HOOK: Final[Mapping[str, Status]] = {
    "on": Status("check", "On", "ok"),
    "failing": Status("alert", "Failing", "warn", "Its newest delivery has failed"),
    "off": Status("stop", "Off", "unknown", "It is told of nothing"),
}
KEY: Final[Mapping[str, Status]] = {
    "good": Status("check", "Good", "ok"),
    "expired": Status("clock", "Expired", "unknown"),
    "revoked": Status("stop", "Revoked", "unknown"),
}
KINDS: Final[Mapping[str, Mapping[str, Status]]] = {
    "schedule": SCHEDULE,
    "ball": BALL,
    "verdict": VERDICT,
    "work": WORK,
    "severity": SEVERITY,
    "rollback": ROLLBACK,
    "answer": ANSWER,
    "health": HEALTH,
    "goal": GOAL,
    "delivery": DELIVERY,
    "hook": HOOK,
    "key": KEY,
}


def status(kind: str, value: object) -> Status:
    """Return how a value of a kind looks; what nobody knows is grey."""
    return KINDS[kind].get(str(value), UNKNOWN)
