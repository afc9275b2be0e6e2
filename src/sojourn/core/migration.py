"""Moving a running journey to another version of its path, or saying why it cannot be."""

from dataclasses import replace

from sojourn.core.commands import Migrate
from sojourn.core.decision import Draft
from sojourn.core.paths import Path
from sojourn.core.plan import plan_stage, unique
from sojourn.core.references import UnresolvedReference
from sojourn.core.stages import RESERVED
from sojourn.core.work import InvalidWork, UnitOfWork


def migrate(draft: Draft, command: Migrate) -> None:
    """Move the journey to another version of its path; what it has done stays done.

    Work that the stage has on the new path and had not on the old one is planned.
    """
    if why := migration_refusal(draft, command):
        return draft.refuse("illegal", why)
    try:
        fresh = _fresh_work(draft, command.path)
    except (InvalidWork, UnresolvedReference) as error:
        return draft.refuse("invalid", f"its new work cannot be planned: {error}")
    if fresh and draft.state.hold:
        names = ", ".join(u.name for u in fresh)
        return draft.refuse("held", f"new work ({names}) waits for the end of the hold")
    old = draft.shot.path
    draft.shot = replace(draft.shot, path=command.path)
    data = {
        "from": f"{old.name}@{old.version}",
        "to": f"{command.path.name}@{command.path.version}",
        "units": [u.name for u in fresh],
    }
    draft.event("path.migrated", command.reason, "", **data)
    return draft.plan(fresh)


def _fresh_work(draft: Draft, path: Path) -> list[UnitOfWork]:
    if draft.state.admitted_at is None:
        return []
    units = unique(plan_stage(path, draft.state, draft.known, draft.now))
    return [u for u in units if u.uow_id not in draft.units]


def migration_refusal(draft: Draft, command: Migrate) -> str | None:
    """Say why a journey cannot go on on another path; None when it can."""
    state, path = draft.state, command.path
    if state.current_stage in RESERVED:
        return f"a journey in {state.current_stage} cannot change its path; wait for it to end"
    needed = (*state.completed_stages, state.current_stage)
    missing = [s for s in needed if not path.has(s)]
    if missing:
        return f"{path.name} has no stage '{missing[0]}', where the journey is or has been"
    before = path.names[: path.names.index(state.current_stage)]
    skipped = [s for s in before if s not in state.completed_stages]
    if skipped:
        return f"{path.name} puts '{skipped[0]}' before {state.current_stage}; it was not done"
    late = [s for s in state.completed_stages if s not in before]
    if late:
        return f"{path.name} puts '{late[0]}' after {state.current_stage}; it was done before"
    waves = path.stage(state.current_stage).rollout
    if state.wave and (waves is None or len(waves.waves) < state.wave):
        return f"{path.name} has fewer rollout waves than the journey has begun"
    return None
