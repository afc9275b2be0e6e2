"""Gates: passing them, approving, rejecting and waiving criteria, and their history."""

from datetime import datetime
from typing import Annotated

import typer

from sojourn.app import App
from sojourn.cli import checks, documents, options, screen, session, times
from sojourn.cli.changing import carry_out
from sojourn.control.door import resolve
from sojourn.core.commands import Approve, Promote, Reject, Waive
from sojourn.core.explain import Explanation, explain
from sojourn.store import gates as store
from sojourn.store.sets import Row

group = typer.Typer(help="The gate that a journey stands before, and its past attempts.")


def promote(
    client: options.Client,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Pass the gate that the journey stands before, if it holds.

    Exit status 3 where it does not hold. The engine passes gates by itself where the path says
    so; this asks for it now. Whoever asked cannot approve the same promotion. A failed attempt
    is kept in the gate's history.

    \b
    Example:
      sojourn promote medtronic --dry-run
    """
    by = options.person(who, role)
    command = Promote(actor=by.actor, roles=by.roles, reason=reason)
    carry_out(client, command, f"promote {client}", dry_run=dry_run, as_json=as_json)


def approve(
    client: options.Client,
    criterion: options.Criterion,
    evidence: Annotated[
        str,
        typer.Option(
            "--evidence",
            metavar="HASH",
            help="What you looked at (evidence_hash of explain --json); refused if it changed.",
            show_default=False,
        ),
    ] = "",
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Approve a criterion on the evidence as it stands.

    \b
    Examples:
      sojourn approve medtronic stakeholder_demo --as ann --role client
      sojourn approve medtronic rollout_plan_approved --reason "plan of 3 May"
    """
    by = options.person(who, role)
    command = Approve(
        actor=by.actor,
        roles=by.roles,
        reason=reason,
        criterion=criterion,
        evidence_hash=evidence.strip().lower(),
    )
    done = f"approve {criterion} of {client}"
    carry_out(client, command, done, dry_run=dry_run, as_json=as_json)


def reject(
    client: options.Client,
    criterion: options.Criterion,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Reject a criterion that asks for approval.

    It fails until the same person approves.

    \b
    Example:
      sojourn reject medtronic stakeholder_demo --reason "two sources are missing"
    """
    by = options.person(who, role)
    command = Reject(actor=by.actor, roles=by.roles, reason=reason, criterion=criterion)
    done = f"reject {criterion} of {client}"
    carry_out(client, command, done, dry_run=dry_run, as_json=as_json)


def waive(
    client: options.Client,
    criterion: options.Criterion,
    lasts: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="How long the waiver is good.")
    ] = "7d",
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Set one criterion aside for a time, with your name and reason.

    \b
    Example:
      sojourn waive medtronic user_satisfaction --for 3d --reason "survey tool is down"
    """
    by = options.person(who, role)
    command = Waive(
        actor=by.actor,
        roles=by.roles,
        reason=reason,
        criterion=criterion,
        lasts=times.duration(lasts, "--for"),
    )
    done = f"waive {criterion} of {client}"
    carry_out(client, command, done, dry_run=dry_run, as_json=as_json)


@group.command("show")
def show(client: options.Client, as_json: options.Json = False) -> None:
    """Show the gate that the journey stands before: every check, with its evidence.

    \b
    Example:
      sojourn gate show medtronic
    """

    async def work(app: App) -> tuple[Explanation, datetime]:
        now = app.door.now()
        return explain(await session.look(app.door, client), now), now

    found, now = session.run(work)
    if as_json:
        return screen.print_json(gate(found, now))
    said = checks.headline(found.result.summary) if found.gate else "it has ended"
    screen.say(f"{found.client_id} {found.gate}: {said}")
    return screen.say(checks.listed(found.result.checks, now), f"evidence {found.evidence_hash}")


def gate(found: Explanation, now: datetime) -> documents.Document:
    """Return a gate as JSON."""
    return {
        "client_id": found.client_id,
        "journey_key": found.journey_key,
        "gate": found.gate,
        "evidence_hash": found.evidence_hash,
        **documents.result(found.result, now),
    }


@group.command("history")
def history(
    client: options.Client, limit: options.Limit = 100, as_json: options.Json = False
) -> None:
    """List the attempts to pass gates, with what each check said then.

    \b
    Example:
      sojourn gate history medtronic --json
    """

    async def work(app: App) -> tuple[list[Row], datetime]:
        journey_id = await resolve(app.door, client)
        async with app.door.db.connection() as connection:
            return await store.results(connection, journey_id, limit), app.door.now()

    rows, now = session.run(work)
    columns = ("at", "gate", "#visit", "#attempt", "kind", "by", "verdict", "checks")
    nothing = f"{client} has not come to a gate yet; see: sojourn explain {client}"
    lines = (_attempt(row, now) for row in rows)
    screen.answer({"attempts": rows}, columns, lines, nothing, as_json=as_json)


def _attempt(row: Row, now: datetime) -> list[object]:
    at, verdict = times.when(row["evaluated_at"], now), checks.mark(row["verdict"])
    names = ("gate", "visit", "attempt", "kind", "actor")
    return [at, *(row[name] for name in names), verdict, row["summary"]]
