"""Agents: how each has done, from the tasks that were recorded."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from sojourn.agents.directory import Described
from sojourn.control.door import NotFoundError
from sojourn.dashboard.asking import Asked
from sojourn.store import dashboard as store
from sojourn.store.sets import Row
from sojourn.store.work import agent_figures

SHAKY: Final = 0.05
FAILING: Final = 0.5
LASTS: Final = 5.0
MOST: Final = 100
STANDINGS: Final = ("completed", "failed", "running", "pending")
NOTHING: Final[Row] = {
    "completed": 0, "failed": 0, "running": 0, "queued": 0, "retries": 0, "p95_s": None,
    "p50_s": None, "seen_at": None, "failed_at": None, "error": None, "questions": 0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Health:
    """One agent and its figures; ``about`` is None for one that the directory does not have."""

    agent_id: str
    about: Described | None
    row: Row

    @property
    def share(self) -> float | None:
        """Return the share of ended tasks that failed; None where none has ended."""
        ended = self.row["completed"] + self.row["failed"]
        return self.row["failed"] / ended if ended else None

    @property
    def health(self) -> str:
        """Return good, shaky, failing or idle."""
        if self.share is None:
            return "idle"
        return "failing" if self.share >= FAILING else "shaky" if self.share >= SHAKY else "good"


async def agents(asked: Asked) -> Response:
    """Show all agents with their health."""
    asked.staff()
    figures, news = await asked.site.memo.get("agents", LASTS, lambda: _read(asked))
    about = {one.agent_id: one for one in asked.site.agents.describe()}
    names = sorted(about.keys() | figures.keys())
    every = [health(name, about.get(name), figures, news) for name in names]
    return await asked.page("agents.html", "Agents", agents=every)


async def agent(asked: Asked) -> Response:
    """Show one agent with its tasks: the rows behind its figures."""
    asked.staff()
    name, status = asked.request.path_params["agent"], asked.given("status")
    figures, news = await asked.site.memo.get("agents", LASTS, lambda: _read(asked))
    about = {one.agent_id: one for one in asked.site.agents.describe()}
    if name not in about.keys() | figures.keys():
        raise NotFoundError(f"There is no agent {name}, and no task was for one.")
    wanted = status if status in STANDINGS else None
    async with asked.door.db.connection() as connection:
        tasks = await store.agent_tasks(connection, name, asked.most(MOST), wanted)
    one = health(name, about.get(name), figures, news)
    return await asked.page(
        "agent.html", name, one=one, tasks=tasks, chosen=wanted, standings=STANDINGS, most=MOST
    )


async def _read(asked: Asked) -> tuple[dict[str, Row], dict[str, Row]]:
    async with asked.door.db.connection() as connection:
        rows = await agent_figures(connection)
        return {row["agent_id"]: row for row in rows}, await store.agent_news(connection)


def health(
    name: str, about: Described | None, figures: dict[str, Row], news: dict[str, Row]
) -> Health:
    """Return one agent's health."""
    return Health(name, about, NOTHING | news.get(name, {}) | figures.get(name, {}))
