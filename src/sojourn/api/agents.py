"""Agents: who they are, how they are reached, and how they do."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from sojourn.api.auth import allow, reader
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import Line
from sojourn.api.problems import ProblemError
from sojourn.api.routes import router
from sojourn.control.keys import Principal
from sojourn.store import work

agents = router("agents")


class Figures(BaseModel):
    """What an agent's tasks have come to."""

    completed: int = 0
    failed: int = 0
    running: int = 0
    queued: int = 0
    retries: int = 0
    p95_seconds: float | None = Field(
        default=None, description="95 % of its completed tasks took no longer, on the clock."
    )


class Agent(BaseModel):
    """An agent of the directory; of credentials only the variables' names are told."""

    agent_id: str
    title: str
    protocol: str
    where: str
    idempotent: bool
    max_concurrency: int | None
    rate_per_minute: float | None
    timeout_seconds: float | None
    credentials: list[str]
    source: str
    figures: Figures


@agents.get("/agents", summary="Agents")
async def list_agents(
    request: Request,
    principal: Annotated[Principal, Depends(reader)],  # noqa: ARG001
) -> list[Agent]:
    """Return all agents, by id, with the figures of their tasks."""
    async with door_of(request).db.connection() as connection:
        rows = await work.agent_figures(connection)
    figures = {row["agent_id"]: row for row in rows}
    return [_agent(one, figures.get(one.agent_id)) for one in context_of(request).agents.describe()]


def _agent(one: object, row: dict[str, object] | None) -> Agent:
    same = {n: getattr(one, n) for n in Agent.model_fields if n not in ("figures", "credentials")}
    counts = Figures()
    if row:
        names = ("completed", "failed", "running", "queued", "retries")
        counts = Figures.model_validate(
            {n: row[n] or 0 for n in names} | {"p95_seconds": row["p95_s"]}
        )
    return Agent(**same, credentials=list(getattr(one, "credentials", ())), figures=counts)


class Reached(BaseModel):
    """Whether an agent can be reached."""

    agent_id: str
    ok: bool
    message: str
    seconds: float


@agents.post("/agents/{agent_id}/check", summary="Try to reach an agent")
async def check(
    request: Request,
    agent_id: Line,
    principal: Annotated[  # noqa: ARG001
        Principal, Depends(allow("checking an agent", "operator", "admin"))
    ],
) -> Reached:
    """Ask an agent who it is, without giving it work."""
    directory = context_of(request).agents
    if agent_id not in directory:
        raise ProblemError(404, f"there is no agent {agent_id!r}")
    found = await directory.check(agent_id)
    return Reached(
        agent_id=found.agent_id, ok=found.ok, message=found.message, seconds=found.seconds
    )
