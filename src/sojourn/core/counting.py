"""Counting work: every unit gets the status that its tasks have earned."""

from sojourn.core.decision import Draft, Rearm
from sojourn.core.work import Progress, UnitOfWorkStatus, unit_status


def count_work(draft: Draft) -> None:
    """Give every unit the status that its tasks have earned, and release what waited for it."""
    for unit in list(draft.units.values()):
        status = unit_status(unit)
        if status != unit.status:
            note(draft, unit, status)
    draft.release += _waiting_for_changes(draft)


def note(draft: Draft, unit: Progress, status: UnitOfWorkStatus) -> None:
    """Note a unit's new status; a repeated unit that completed is armed again."""
    facts = {"unit": unit.name, "uow_id": unit.uow_id}
    if status == UnitOfWorkStatus.COMPLETED:
        if unit.runs == 0:
            draft.event("unit.completed", **facts)
        if unit.every:
            draft.rearm.append(Rearm(unit.uow_id, draft.now + unit.every))
            return draft.change(unit, UnitOfWorkStatus.PENDING, run=True)
        return draft.change(unit, status, run=True)
    if status == UnitOfWorkStatus.FAILED:
        why = "; ".join(f"{t.name}: {t.message}" for t in unit.troubles)
        draft.event("unit.failed", why, **facts)
    return draft.change(unit, status)


def _waiting_for_changes(draft: Draft) -> list[str]:
    done = {u.uow_id for u in draft.units.values() if u.done}
    # A repeated unit releases once, with its first run; what was released runs on by itself.
    fresh = {u.uow_id for u in draft.units.values() if u.runs == 1 and _ran(draft, u)}
    return [
        u.uow_id
        for u in draft.units.values()
        if u.status == UnitOfWorkStatus.PENDING
        and u.runs == 0
        and fresh.intersection(u.dependencies)
        and done.issuperset(u.dependencies)
    ]


def _ran(draft: Draft, unit: Progress) -> bool:
    change = draft.changes.get(unit.uow_id)
    return change is not None and change.run
