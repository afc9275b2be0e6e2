"""Decide: one journey, one moment, perhaps one command, and everything that follows.

A person's promotion, the conductor's look and a trigger's rollback all take this road.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sojourn.core import rollback, view
from sojourn.core.alerts import ON_THE_WAY, conditions
from sojourn.core.commands import Command
from sojourn.core.counting import count_work
from sojourn.core.criteria import ValidationResult
from sojourn.core.decision import Alert, Decision, Draft, Refusal
from sojourn.core.gates import door, evaluate, faced, readings
from sojourn.core.handle import handle, record
from sojourn.core.journal import ENGINE
from sojourn.core.journeys import start_journey
from sojourn.core.paths import Path
from sojourn.core.promotion import admit, promote
from sojourn.core.rollout import roll_out
from sojourn.core.snapshot import Fact, Snapshot
from sojourn.core.stages import IllegalTransition, TransitionEvent


def start(
    path: Path,
    client_id: str,
    journey_id: UUID,
    now: datetime,
    actor: str,
    *,
    journey_key: str = "",
    metadata: Mapping[str, Any] | None = None,
    facts: Mapping[str, Fact] | None = None,
    owner: str | None = None,
) -> Decision:
    """Start a journey; its first stage is entered at once, its entry gate is waited for there."""
    state = start_journey(
        client_id,
        now,
        path.table,
        {**path.defaults, **(metadata or {})},
        journey_id=journey_id,
        journey_key=journey_key,
        owner=owner,
    )
    draft = Draft(Snapshot(state, path), now, actor)
    move = (None, TransitionEvent.START_JOURNEY, state.current_stage)
    draft.event("transition", visit=state.visit, client=client_id, path=path.name)
    draft.events[-1] = replace(draft.events[-1], transition=move)
    record(draft, facts or {})
    draft.actor = ENGINE
    advance(draft)
    return finish(draft)


def decide(
    shot: Snapshot,
    now: datetime,
    command: Command | None = None,
    found: Mapping[str, Fact] | None = None,
) -> Decision:
    """Return what follows from a command (None: just from time and evidence) at ``now``.

    ``found`` are facts that tasks have found since.
    A refused command changes nothing; its refusal says why and what would help. At most a failed
    gate attempt is written, for that is a fact.
    """
    draft = begun(shot, now, found)
    try:
        if command is not None:
            draft.actor = command.actor
            handle(draft, command)
        if draft.refusal is None:
            draft.actor = ENGINE
            advance(draft)
    except IllegalTransition as error:
        draft = begun(shot, now, found)
        draft.refusal = Refusal("illegal", str(error))
    return finish(draft)


def begun(shot: Snapshot, now: datetime, found: Mapping[str, Fact] | None) -> Draft:
    """Return the decision that changes nothing yet, but for what tasks have found."""
    draft = Draft(shot, now)
    record(draft, found or {})
    return draft


def advance(draft: Draft) -> None:
    """Take the journey as far as its evidence carries it; a held one stands still.

    A stage that is entered is decided on at once, unless something of it has to be observed first.
    """
    visit = draft.state.visit
    take_on(draft)
    entered = draft.state.visit != visit and draft.state.active and draft.rollback is None
    if entered and not observed(draft):
        advance(draft)


def observed(draft: Draft) -> bool:
    """Say whether a decision on the journey as it stands looks at measurements."""
    return bool(readings(faced(draft.shot.path, draft.state), draft.state, draft.now))


def take_on(draft: Draft) -> None:
    """Count the work, go on with a rollback or begin one, and pass the door that the journey faces."""
    if draft.state.ended or draft.state.hold:
        return
    if draft.rollback and draft.rollback.begun:
        return  # What validates it has to be observed first: that is the next look's.
    count_work(draft)
    if rollback.in_rollback(draft.state):
        rollback.go_on(draft)
    if not draft.state.active or draft.state.hold or rollback.check_triggers(draft):
        return
    admit(draft)
    if draft.state.admitted_at is not None:
        roll_out(draft)
        promote(draft)


def finish(draft: Draft) -> Decision:
    """Draw the picture of where the steps have left the journey."""
    shot = draft.current
    result = draft.result or evaluate(door(shot.path, shot.state), shot, draft.now)
    seen = view.view(shot, draft.now, result)
    raised, resolved = alerts(draft, conditions(shot, result, seen.schedule, draft.now))
    return Decision(
        before=draft.shot,
        state=draft.state,
        view=seen,
        due_at=look_again(draft, shot, result),
        events=tuple(draft.events),
        plans=tuple(draft.plans),
        changes=tuple(draft.changes.values()),
        release=tuple(draft.release),
        rearm=tuple(draft.rearm),
        withdraw=tuple(draft.withdraw),
        requeue=tuple(draft.requeue),
        freeze=draft.freeze,
        thaw_by=draft.thaw_by,
        rulings=tuple(draft.rulings),
        facts=draft.facts,
        gates=tuple(draft.gates),
        rollback=draft.rollback,
        trips=draft.trips,
        raised=raised,
        resolved=resolved,
        result=result,
        refusal=draft.refusal,
    )


def look_again(draft: Draft, shot: Snapshot, result: ValidationResult) -> datetime | None:
    """Return when to look next: at once after a move where there is other evidence to see then.

    After a refusal too: no look that was due may be lost to it.
    """
    before, after = draft.shot.state, draft.state
    moved = (before.visit, before.admitted_at) != (after.visit, after.admitted_at)
    unseen = moved and (draft.rollback is not None or observed(draft))
    if (unseen or draft.refusal) and not after.ended and not after.hold:
        return draft.now
    return view.look_again(shot, draft.now, result, draft.trips.values())


Found = Mapping[tuple[str, str], Alert]


def alerts(draft: Draft, present: Found) -> tuple[tuple[Alert, ...], tuple[tuple[str, str], ...]]:
    """Return the alerts to raise, and the keys of those to resolve; a refusal does neither."""
    if draft.refusal:
        return (), ()
    wanted = {**present, **draft.alerts}
    kept = ON_THE_WAY if draft.state.hold else frozenset[str]()
    open_ = draft.shot.alerts
    gone = sorted(k for k in open_ if k not in wanted and k[0] not in kept)
    return tuple(a for key, a in wanted.items() if key not in open_), tuple(gone)
