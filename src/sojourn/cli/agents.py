"""Agents: who there is, whether they can be reached, and how they have been doing."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from sojourn.agents.directory import Checked, Described, Directory
from sojourn.app import App, open_agents
from sojourn.cli import documents, options, screen, session
from sojourn.cli.failures import Status
from sojourn.settings import Settings
from sojourn.store.sets import Row
from sojourn.store.work import agent_figures

group = typer.Typer(help="Agents: list them, see whether they can be reached.")
FIGURES = ("completed", "failed", "running", "queued", "retries", "p95_s")
AgentId = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")]


@group.command("list")
def list_(as_json: options.Json = False) -> None:
    """List the agents with what they have done.

    Tasks, failures, retries, the 95th percentile of their time.

    \b
    Example:
      sojourn agent list
    """
    rows = session.run(_all)
    if as_json:
        return screen.print_json({"agents": rows})
    columns = (
        "agent",
        "protocol",
        "title",
        "#done",
        "#failed",
        "#running",
        "#queued",
        "#retries",
        "#p95 s",
    )
    return screen.say(screen.table(columns, (_row(row) for row in rows)))


async def _all(app: App) -> list[documents.Document]:
    async with app.door.db.connection() as connection:
        figures = {row["agent_id"]: row for row in await agent_figures(connection)}
    known = [described(one, figures) for one in app.agents.describe()]
    gone = figures.keys() - {one["agent_id"] for one in known}
    return known + [_gone(figures[agent_id]) for agent_id in sorted(gone)]


def described(one: Described, figures: Mapping[str, Row]) -> documents.Document:
    """Return an agent's entry with its figures; names of credentials, never their values."""
    return asdict(one) | {"figures": _figures(figures.get(one.agent_id))}


def _figures(row: Row | None) -> documents.Document:
    empty: documents.Document = dict.fromkeys(FIGURES, 0) | {"p95_s": None}
    return {name: row[name] for name in FIGURES} if row else empty


def _gone(row: Row) -> documents.Document:
    """Return an agent that tasks name and the directory no longer has."""
    named = {"agent_id": row["agent_id"], "title": "not in the directory", "protocol": None}
    return named | {"figures": _figures(row)}


def _row(row: Mapping[str, Any]) -> list[object]:
    figures = row["figures"]
    slow = figures["p95_s"]
    counts = [figures[name] for name in FIGURES[:-1]]
    shown = [row["agent_id"], row["protocol"], row["title"], *counts]
    return [*shown, f"{float(slow):.1f}" if slow is not None else ""]


@group.command("show")
def show(agent: AgentId, as_json: options.Json = False) -> None:
    """Show one agent: how it is called, what it has done.

    \b
    Example:
      sojourn agent show search-quality-agent
    """

    async def work(app: App) -> documents.Document:
        app.agents.spec(agent)
        return next(one for one in await _all(app) if one["agent_id"] == agent)

    told = session.run(work)
    if as_json:
        return screen.print_json(told)
    figures = told.pop("figures")
    lines = [*told.items(), *figures.items()]
    return screen.say(screen.table(("", ""), ([k.replace("_", " "), _said(v)] for k, v in lines)))


def _said(value: Any) -> str:
    if value is None or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


@group.command("check")
def check(
    agent: Annotated[
        list[str] | None, typer.Argument(metavar="AGENT", help="Ids; all if left out.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Ask agents whether they can be reached.

    Exit status 4 where one cannot. It needs no database.

    \b
    Example:
      sojourn agent check search-quality-agent
    """
    found = asyncio.run(_checked(open_agents(Settings.load()), agent))
    if as_json:
        screen.print_json({"agents": [asdict(one) for one in found]})
    else:
        columns = ("agent", "", "#ms", "what it says")
        screen.say(screen.table(columns, (_checked_row(one) for one in found)))
    if not all(one.ok for one in found):
        raise typer.Exit(Status.REFUSED)


async def _checked(directory: Directory, wanted: list[str] | None) -> list[Checked]:
    try:
        return await asyncio.gather(*(directory.check(one) for one in wanted or directory))
    finally:
        await directory.aclose()


def _checked_row(one: Checked) -> list[object]:
    mark = screen.text("✓ reachable", "good") if one.ok else screen.text("✗ away", "bad")
    said = ", ".join(f"{k} {v}" for k, v in one.card.items() if v) if one.ok else one.message
    return [one.agent_id, mark, round(one.seconds * 1000), said]
