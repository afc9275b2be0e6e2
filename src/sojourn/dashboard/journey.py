"""A journey's first page: why it is where it is, its gate, its triggers, its rollout, its time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sojourn.core.criteria import CriteriaCheck
from sojourn.core.gates import door as faced_at_door
from sojourn.core.gates import evaluate, wave_criteria
from sojourn.dashboard import timeline
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.inspector import SPARKS, Series, checks, metrics_of, watches
from sojourn.dashboard.subject import Subject, subject_of
from sojourn.store import dashboard as store
from sojourn.store import rulings


async def overview(asked: Asked) -> Response:
    """Show a journey."""
    subject = await subject_of(asked)
    key, shot = subject.row["journey_id"], subject.shot
    found, faced = subject.explained(), faced_at_door(shot.path, shot.state)
    stage = shot.path.stage(shot.state.current_stage) if shot.state.active else None
    triggers = stage.triggers if stage and found.triggers else ()
    wanted = metrics_of([f.criterion for f in faced] + [t.criterion for t in triggers])
    async with asked.door.db.connection() as connection:
        series = await _series(subject, connection, wanted)
        moves = await store.moves(connection, key)
        given = await rulings.of_journey(connection, key, 50)
    return await subject.page(
        "overview",
        explained=found,
        lines=checks(faced, found.result, shot, series),
        watches=watches(triggers, found.triggers, series),
        rollout=list(rollout(subject)),
        drawn=timeline.draw(moves, shot.state, shot.path, asked.now),
        given=[r for r in given if r["visit"] == shot.state.visit],
    )


async def _series(subject: Subject, connection: Any, wanted: set[str]) -> Series:
    state, now = subject.shot.state, subject.asked.now
    return await store.series(
        connection, state.journey_id, state.stage_started_at, now, SPARKS, wanted
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One wave of the rollout: ``standing`` is done, current or ahead."""

    number: int
    percent: int
    standing: str
    soak: str
    checks: tuple[CriteriaCheck, ...] = ()


def rollout(subject: Subject) -> Iterator[Step]:
    """Yield the waves of the stage's rollout."""
    shot, state = subject.shot, subject.shot.state
    stage = shot.path.stage(state.current_stage) if state.active else None
    if stage is None or stage.rollout is None:
        return
    for number, wave in enumerate(stage.rollout.waves, 1):
        standing = "current" if number == state.wave else "done" if number < state.wave else "ahead"
        here = wave_criteria(shot.path, state) if standing == "current" else ()
        found = evaluate(here, shot, subject.asked.now).checks
        soak = f"{wave.soak.total_seconds() / 86400:g} d of healthy time" if wave.soak else ""
        yield Step(number, wave.percent, standing, soak, found)
