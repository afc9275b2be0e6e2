"""What people can do to a journey: each deed's words, fields, rights and command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sojourn.core import commands
from sojourn.core.commands import Command

Form = Mapping[str, str]
Plain = commands.Promote | commands.HoldJourney | commands.Resume | commands.Cancel
WEEKS: Final = {"1": "1 day", "7": "7 days", "30": "30 days", "90": "90 days"}
"""How long a waiver can last, in days."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that can be done. ``rules`` deeds need a role that the path asks for, the others
    an operator's; ``fields`` are asked for beside the reason.
    """

    name: str
    title: str
    verb: str
    icon: str
    about: str
    make: Callable[[Mapping[str, Any], Form], Command]
    tone: str = "plain"
    reason: bool = True
    """Whether a reason has to be given."""
    rules: bool = False
    fields: tuple[str, ...] = ()


def _plain(kind: type[Plain]) -> Callable[[Mapping[str, Any], Form], Command]:
    return lambda who, _form: kind(**who)


def _rollback(who: Mapping[str, Any], form: Form) -> Command:
    trigger = form.get("trigger") or "client_request"
    return commands.RollBack(**who, trigger=trigger, target=form.get("target") or None)


def _approve(who: Mapping[str, Any], form: Form) -> Command:
    seen = form.get("evidence", "")
    return commands.Approve(**who, criterion=form.get("criterion", ""), evidence_hash=seen)


def _reject(who: Mapping[str, Any], form: Form) -> Command:
    return commands.Reject(**who, criterion=form.get("criterion", ""))


def _waive(who: Mapping[str, Any], form: Form) -> Command:
    days = form.get("days", "7")
    lasts = timedelta(days=int(days) if days in WEEKS else 7)
    return commands.Waive(**who, criterion=form.get("criterion", ""), lasts=lasts)


def _retry(who: Mapping[str, Any], form: Form) -> Command:
    return commands.RetryFailed(**who, unit=form.get("unit", ""), task=form.get("task", ""))


def _answer(who: Mapping[str, Any], form: Form) -> Command:
    unit, task = form.get("unit", ""), form.get("task", "")
    return commands.AnswerQuestion(**who, answer=form.get("answer", ""), unit=unit, task=task)


_EVERY: Final = (
    Deed(
        "promote",
        "Promote",
        "Pass the gate",
        "up",
        "Passes the gate that the journey stands before, if it holds at that moment.",
        _plain(commands.Promote),
        "good",
        reason=False,
    ),
    Deed(
        "hold",
        "Hold",
        "Hold",
        "pause",
        "Freezes the journey's clocks and its dispatch.",
        _plain(commands.HoldJourney),
    ),
    Deed(
        "resume",
        "Resume",
        "Resume",
        "play",
        "Lets clocks and dispatch go on where they stood.",
        _plain(commands.Resume),
        "good",
        reason=False,
    ),
    Deed(
        "rollback",
        "Roll back",
        "Roll back now",
        "undo",
        "Takes completed work back, newest first, and returns to an earlier stage.",
        _rollback,
        "danger",
        fields=("target", "trigger"),
    ),
    Deed(
        "cancel",
        "Cancel",
        "Cancel the journey",
        "stop",
        "Ends the journey for good; what still runs is withdrawn.",
        _plain(commands.Cancel),
        "danger",
    ),
    Deed(
        "approve",
        "Approve",
        "Approve",
        "check",
        "Counts as your approval of the evidence as it stands below.",
        _approve,
        "good",
        reason=False,
        rules=True,
        fields=("criterion", "evidence"),
    ),
    Deed(
        "reject",
        "Reject",
        "Reject",
        "cross",
        "Fails the check until you approve it.",
        _reject,
        "danger",
        rules=True,
        fields=("criterion",),
    ),
    Deed(
        "waive",
        "Waive",
        "Set it aside",
        "waive",
        "Lets the gate open without this check for a time.",
        _waive,
        "danger",
        rules=True,
        fields=("criterion", "days"),
    ),
    Deed(
        "retry",
        "Retry",
        "Send it again",
        "retry",
        "Sends failed tasks to their agents again.",
        _retry,
        "good",
        reason=False,
        fields=("unit", "task"),
    ),
    Deed(
        "answer",
        "Answer",
        "Send the answer",
        "chat",
        "Continues a task whose agent asks something.",
        _answer,
        "good",
        reason=False,
        fields=("unit", "task", "answer"),
    ),
)
DEEDS: Final[Mapping[str, Deed]] = {deed.name: deed for deed in _EVERY}
