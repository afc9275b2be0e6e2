"""Stages, transition events and the one transition table, which is data."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final


class JourneyStage(StrEnum):
    """The six stages of the specification; a path may add others, which are plain strings."""

    SANDBOX = "sandbox"
    PILOT = "pilot"
    PRODUCTION = "production"
    ROLLBACK = "rollback"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TransitionEvent(StrEnum):
    """The seven events of the specification; a custom stage adds ``promote_to_<stage>``."""

    START_JOURNEY = "start_journey"
    PROMOTE_TO_PILOT = "promote_to_pilot"
    PROMOTE_TO_PRODUCTION = "promote_to_production"
    INITIATE_ROLLBACK = "initiate_rollback"
    COMPLETE_ROLLBACK = "complete_rollback"
    CANCEL_JOURNEY = "cancel_journey"
    MARK_COMPLETE = "mark_complete"


Stage = str
"""A stage's name: a :class:`JourneyStage`, or the plain name of a path's own stage."""

Table = Mapping[tuple[Stage | None, str], Stage]
"""(stage left, event) -> stage entered."""

ROLLBACK_TARGET: Final = "<rollback target>"
"""Stands in the table for the stage that the rollback chose when it began; no stage is called so."""

STANDARD_STAGES: Final = (JourneyStage.SANDBOX, JourneyStage.PILOT, JourneyStage.PRODUCTION)
TERMINAL: Final = frozenset({JourneyStage.COMPLETED, JourneyStage.CANCELLED})
RESERVED: Final = TERMINAL | {JourneyStage.ROLLBACK}
"""Names that no path may give to a stage of its own."""


_STAGES: Final[Mapping[str, Stage]] = {s.value: s for s in JourneyStage}
_EVENTS: Final[Mapping[str, str]] = {e.value: e for e in TransitionEvent}


class IllegalTransition(ValueError):
    """The event is not allowed in the stage; the message says which events are."""


def as_stage(name: str) -> Stage:
    """Return the specification's member for a standard name, and any other name as it is."""
    return _STAGES.get(name, name)


def promotion_event(stage: Stage) -> str:
    """Return the event that enters a stage from the one before it: ``promote_to_<stage>``."""
    name = f"promote_to_{stage}"
    return _EVENTS.get(name, name)


def transition_table(stages: Sequence[Stage]) -> Table:
    """Build the table of a path from its stages in order (at least one).

    Source: the specification's TRANSITIONS, with the two events that its rollback workflow needs.
    """
    event, stage = TransitionEvent, JourneyStage
    table: dict[tuple[Stage | None, str], Stage] = {(None, event.START_JOURNEY): stages[0]}
    for left, entered in pairwise(stages):
        table[left, promotion_event(entered)] = entered
    table[stages[-1], event.MARK_COMPLETE] = stage.COMPLETED
    table |= {(s, event.INITIATE_ROLLBACK): stage.ROLLBACK for s in stages}
    table |= {(s, event.CANCEL_JOURNEY): stage.CANCELLED for s in stages}
    table[stage.ROLLBACK, event.COMPLETE_ROLLBACK] = ROLLBACK_TARGET
    table[stage.ROLLBACK, event.CANCEL_JOURNEY] = stage.CANCELLED
    return table


TRANSITIONS: Final[Table] = transition_table(STANDARD_STAGES)


def next_stage(table: Table, stage: Stage | None, event: str, target: Stage | None = None) -> Stage:
    """Return the stage that an event leads to; ``target`` is the one that a rollback chose.

    Raises :class:`IllegalTransition` for a pair that is not in the table.
    """
    entered = table.get((stage, event))
    if entered is None:
        allowed = ", ".join(allowed_events(table, stage)) or "none: the journey has ended"
        raise IllegalTransition(
            f"{event} is not allowed in stage {stage or 'none'}; allowed: {allowed}"
        )
    if entered != ROLLBACK_TARGET:
        return entered
    if target is None or target not in rollback_targets(table):
        raise IllegalTransition(f"{event} needs the stage to return to, not {target}")
    return target


def allowed_events(table: Table, stage: Stage | None) -> list[str]:
    """Return the events that a stage allows, in the table's order."""
    return [event for (left, event) in table if left == stage]


def rollback_targets(table: Table) -> list[Stage]:
    """Return the stages that a rollback may return to: every one that can itself be rolled back."""
    return [s for (s, event) in table if s and event == TransitionEvent.INITIATE_ROLLBACK]


def rows(table: Table) -> list[tuple[Stage | None, str, Stage]]:
    """Return the table as (stage left, event, stage entered), rollback targets written out."""
    written: list[tuple[Stage | None, str, Stage]] = []
    for (left, event), entered in table.items():
        targets = rollback_targets(table) if entered == ROLLBACK_TARGET else [entered]
        written += [(left, event, target) for target in targets]
    return written
