"""A journey's events as sentences."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from sojourn.cli import screen
from sojourn.core.judge import show
from sojourn.core.paths import Path
from sojourn.core.stages import TransitionEvent
from sojourn.store.sets import Row

Say = Callable[[Row, Path, str], tuple[str, str] | None]
"""Returns a sentence and its style, given path and stage; None where another event tells it."""


class Teller:
    """Tells a journey's events in order; ``stage`` is where the first of them finds it."""

    def __init__(self, path: Path, began: datetime, stage: str = "") -> None:
        self._path = path
        self._began = began
        self._stage = stage

    def line(self, event: Row) -> Text | None:
        """Return an event with its time and the journey's day; None where another one tells it."""
        told = self._tell(event)
        if told is None:
            return None
        day = (event["at"] - self._began).total_seconds() / 86400
        return screen.text(f"{event['at']:%a %d %b %H:%M}  day {day:4.1f}  ", "dim").append(told)

    def _tell(self, event: Row) -> Text | None:
        self._stage = event["to_stage"] or self._stage
        say = SAYERS.get(event["event"] or "") or SAYERS.get(event["type"], _plain)
        told = say(event, self._path, self._stage)
        return None if told is None else screen.text(*told)


def title(path: Path, stage: str) -> str:
    """Return what people call a stage."""
    return (path.stage(stage).title if path.has(stage) else "") or stage.capitalize()


def unit_title(path: Path, stage: str, name: str) -> str:
    """Return what people call a unit of work of a stage."""
    if name.startswith("rollback-") or not path.has(stage):
        return "Undo what was done"
    plan = path.stage(stage)
    if plan.rollout and name.startswith(f"{plan.rollout.unit.name}-"):
        return f"{plan.rollout.unit.title or 'Rollout'} to {name.rpartition('-')[2]} %"
    return next((unit.title for unit in plan.work if unit.name == name), "") or name


def value(found: Any) -> str:
    """Return a fact's value for people."""
    return ", ".join(map(show, found)) if isinstance(found, list) else show(found)


def _plain(event: Row, _path: Path, _: str) -> tuple[str, str]:
    said = ", ".join(f"{k} {value(v)}" for k, v in event["data"].items() if k != "uow_id")
    parts = [event["type"].replace(".", " ").replace("_", " "), event["reason"], said]
    return ": ".join(part for part in parts if part), ""


def _started(event: Row, path: Path, _: str) -> tuple[str, str]:
    return f"{event['actor']} starts the journey, in {title(path, event['to_stage'])}", "bold"


def _moved(event: Row, path: Path, _: str) -> tuple[str, str]:
    left, entered = title(path, event["from_stage"]), title(path, event["to_stage"])
    return f"✓ {left} → {entered}: {event['reason']}", "good"


def _rolling(event: Row, path: Path, _: str) -> tuple[str, str]:
    target = title(path, event["data"].get("target") or "")
    return f"↩ back from {title(path, event['from_stage'])} to {target}: {event['reason']}", "bad"


def _back(event: Row, path: Path, _: str) -> tuple[str, str]:
    return f"{title(path, event['to_stage'])} begins again", "warn"


def _cancelled(event: Row, _path: Path, _: str) -> tuple[str, str]:
    return f"✗ {event['actor']} cancels the journey: {event['reason']}", "bad"


def _admitted(event: Row, path: Path, _: str) -> tuple[str, str]:
    count = len(event["data"]["units"])
    return f"{title(path, event['data']['stage'])} is open: {count} units of work", ""


def _attempted(event: Row, _path: Path, _: str) -> tuple[str, str] | None:
    data = event["data"]
    return None if data["verdict"] == "passed" else (f"✗ {data['gate']}: {event['reason']}", "bad")


def _done(event: Row, path: Path, stage: str) -> tuple[str, str]:
    return f"✓ done: {unit_title(path, stage, event['data']['unit'])}", ""


def _failed(event: Row, path: Path, stage: str) -> tuple[str, str]:
    return f"✗ failed: {unit_title(path, stage, event['data']['unit'])}: {event['reason']}", "bad"


def _fact(event: Row, _path: Path, _: str) -> tuple[str, str]:
    data = event["data"]
    return f"{event['actor']} records {data['name']} = {value(data['value'])}", "dim"


def _ruling(verb: str, style: str) -> Say:
    def say(event: Row, _path: Path, _: str) -> tuple[str, str]:
        why = f": {event['reason']}" if event["reason"] else ""
        return f"{event['actor']} {verb} {event['data']['criterion']}{why}", style

    return say


def _tripped(event: Row, _path: Path, _: str) -> tuple[str, str]:
    return f"! trigger {event['data']['kind']}: {event['reason']}", "bad"


def _says(words: str, style: str = "") -> Say:
    def say(event: Row, _path: Path, _: str) -> tuple[str, str]:
        named = {"actor": event["actor"], "reason": event["reason"]}
        return words.format_map(event["data"] | named), style

    return say


def _silent(_event: Row, _path: Path, _: str) -> None:
    return None


SAYERS: Final[Mapping[str, Say]] = {
    TransitionEvent.START_JOURNEY: _started,
    TransitionEvent.INITIATE_ROLLBACK: _rolling,
    TransitionEvent.COMPLETE_ROLLBACK: _back,
    TransitionEvent.CANCEL_JOURNEY: _cancelled,
    "transition": _moved,
    "stage.admitted": _admitted,
    "gate.attempted": _attempted,
    "unit.completed": _done,
    "unit.failed": _failed,
    "fact.recorded": _fact,
    "approval.given": _ruling("approves", "good"),
    "approval.rejected": _ruling("rejects", "bad"),
    "waiver.given": _ruling("waives", "warn"),
    "trigger.tripped": _tripped,
    "rollback.initiated": _silent,
    "rollback.validated": _says("✓ the rollback is validated: {reason}"),
    "rollback.failed": _says("✗ the rollback failed: {reason}", "bad"),
    "rollout.wave_started": _says("rollout: wave {wave} begins"),
    "rollout.reached": _says("✓ rollout: {percent} % of the users are served", "good"),
    "journey.held": _says("‖ held by {actor}: {reason}", "warn"),
    "journey.resumed": _says("▶ {actor} resumes the journey: {reason}", "good"),
    "task.retried": _says("{actor} sends {unit}/{task} again: {reason}"),
}
"""By the transition's name, or by the event's type."""
