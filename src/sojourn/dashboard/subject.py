"""One journey as its pages know it: its row, its snapshot, and its head line."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sojourn.control.change import snapshot
from sojourn.core.explain import Explanation, explain
from sojourn.core.snapshot import Snapshot
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.fleet import Line, line_of
from sojourn.dashboard.telling import page_of
from sojourn.store.alerts import open_alerts
from sojourn.store.sets import Row

TABS = ("overview", "work", "metrics", "history", "events")


@dataclass(frozen=True, slots=True)
class Subject:
    """A journey with everything observed."""

    asked: Asked
    row: Row
    shot: Snapshot
    line: Line
    alerts: list[Row]

    @property
    def href(self) -> str:
        """Return the address of the journey's page."""
        return page_of(self.row["journey_key"])

    def explained(self) -> Explanation:
        """Return why the journey is where it is."""
        return explain(self.shot, self.asked.now)

    async def page(self, tab: str, **values: Any) -> Response:
        """Return one of the journey's pages under its head."""
        title = f"{self.row['client_id']} · {tab}" if tab != "overview" else self.row["client_id"]
        template = f"journey_{tab}.html"
        done = DONE.get(self.asked.given("done"), "")
        common: dict[str, Any] = {"subject": self, "tab": tab, "tabs": TABS, "done": done}
        return await self.asked.page(template, title, **common, **values)

    @property
    def actions(self) -> list[tuple[str, str, str]]:
        """Return what can be done now: (name, icon, word)."""
        state = self.shot.state
        if state.ended or not self.asked.operates:
            return []
        held = [("resume", "play", "Resume")] if state.hold else [("hold", "pause", "Hold")]
        moves = [("promote", "up", "Promote"), *held] if state.active else held
        if state.active:
            moves.append(("rollback", "undo", "Roll back"))
        return [*moves, ("cancel", "stop", "Cancel")]


DONE = {
    "promote": "The gate was passed.",
    "hold": "The journey is held.",
    "resume": "The journey goes on.",
    "rollback": "The rollback has begun.",
    "cancel": "The journey was cancelled.",
    "approve": "Your approval counts.",
    "reject": "Your rejection counts.",
    "waive": "The check is set aside.",
    "retry": "The failed work was sent again.",
    "answer": "Your answer was sent.",
}


async def subject_of(asked: Asked) -> Subject:
    """Return the journey that the address names."""
    row, door = await asked.journey(), asked.door
    async with door.db.connection() as connection:
        shot = await snapshot(connection, door, row["journey_id"], asked.now)
        alerts = await open_alerts(connection, row["journey_id"])
    return Subject(asked, row, shot, line_of(row, shot.path, asked.now), alerts)
