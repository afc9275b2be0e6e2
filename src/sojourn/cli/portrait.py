"""All that is shown of a journey, as of one moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sojourn.app import App
from sojourn.cli import session
from sojourn.core.explain import Explanation, explain
from sojourn.core.snapshot import Snapshot
from sojourn.store import alerts, rollback, search, work
from sojourn.store.sets import Row

EVENTS: Final = 8


@dataclass(frozen=True, slots=True)
class Portrait:
    """A journey with its explanation, its visit's tasks, open alerts, rollbacks, last events."""

    shot: Snapshot
    now: datetime
    told: Explanation
    tasks: list[Row]
    alerts: list[Row]
    rollbacks: list[Row]
    events: list[Row]

    @property
    def mark(self) -> Any:
        """Return what differs when the journey has changed; mere ageing is no change."""
        tasks = [(t["uow_id"], t["task_id"], t["status"], t["fence"]) for t in self.tasks]
        checks = [(c.name, c.verdict, c.actual_value) for c in self.told.result.checks]
        return self.shot.seq, self.told.view, tasks, checks


async def take(app: App, journey_id: UUID) -> Portrait:
    """Return a journey's portrait of now."""
    shot = await session.look_at(app.door, journey_id)
    now = app.door.now()
    async with app.door.db.connection() as connection:
        return Portrait(
            shot,
            now,
            explain(shot, now),
            await work.tasks_of(connection, journey_id, shot.state.visit),
            await alerts.open_alerts(connection, journey_id),
            await rollback.history(connection, journey_id),
            await search.tail(connection, journey_id, EVENTS),
        )
