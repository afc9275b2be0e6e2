"""Keeping the database safe: backup, restore with its proof, retention."""

from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from sojourn.app import App, open_agents
from sojourn.cli import options, screen, session, times
from sojourn.cli.failures import Failure, Status
from sojourn.control.audit import Verified, verify
from sojourn.settings import Settings
from sojourn.store import backup as store
from sojourn.store.backup import Held
from sojourn.store.postgres import Database
from sojourn.store.prune import prune as forget

File = Annotated[FilePath, typer.Argument(metavar="FILE", help="The backup's file.")]


def backup(file: File, dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """Write the whole database as it is at this moment into a new file.

    Work goes on meanwhile. The file is PostgreSQL's own format (pg_restore reads it) and holds
    secrets: of webhooks and callbacks. Keep it as you keep those.

    \b
    Example:
      sojourn db backup sojourn-2026-11-22.dump
    """
    place = file.expanduser().absolute()
    if place.exists():
        raise Failure("conflict", f"{file} is there already", "name a file that is not")

    async def work(db: Database) -> Held:
        return await (store.held(db) if dry_run else store.back_up(db, place))

    found = session.run_database(work)
    size = 0 if dry_run else place.stat().st_size
    if as_json:
        told = {"dry_run": dry_run, "file": str(place), "bytes": size}
        return screen.print_json(told | {"journeys": found.journeys, "events": found.events})
    counted = f"{found.journeys:,} journeys with {found.events:,} events"
    said = f"dry run, nothing was written; it holds {counted}"
    return screen.say(said if dry_run else f"{place}: {counted}, {size / 1e6:.1f} MB")


def restore(
    file: File,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace journeys that the database holds.")
    ] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Put a backup in the place of the database's content, and prove it by the audit.

    All of it or nothing: it is one transaction. Stop the workers before, and say --replace where
    the database holds journeys: they are gone afterwards. Exit status 4 where the audit finds
    faults.

    \b
    Examples:
      sojourn db restore sojourn-2026-11-22.dump
      sojourn db restore sojourn-2026-11-22.dump --replace
    """
    place = file.expanduser().absolute()
    if not place.is_file():
        raise Failure("not_found", f"there is no file {file}", "sojourn db backup FILE writes one")

    # The audit needs the agents' file: one that is bad is told before anything is replaced.
    open_agents(Settings.load())

    async def work(db: Database) -> Held:
        found = await store.held(db)
        _allowed(found, replace=replace)
        if not dry_run:
            await store.restore(db, place)
        return found

    before = session.run_database(work)
    proof = [] if dry_run else session.run(_audited)
    _report(before, proof, dry_run=dry_run, as_json=as_json)
    if any(one.faults for one in proof):
        raise typer.Exit(Status.REFUSED)


def _allowed(found: Held, *, replace: bool) -> None:
    if found.workers:
        told = f"{found.workers} workers are at work on this database"
        raise Failure("conflict", told, "stop them: SIGTERM or Ctrl-C")
    if found.journeys and not replace:
        told = f"the database holds {found.journeys:,} journeys, which would be gone"
        raise Failure("conflict", told, "--replace, or another database")


async def _audited(app: App) -> list[Verified]:
    return [one async for batch in verify(app.door) for one in batch]


def _report(before: Held, proof: list[Verified], *, dry_run: bool, as_json: bool) -> None:
    faults = [f"{one.journey_key}: {fault}" for one in proof for fault in one.faults]
    events = sum(one.events for one in proof)
    if as_json:
        told = {"dry_run": dry_run, "replaced": before.journeys, "journeys": len(proof)}
        return screen.print_json(told | {"events": events, "faults": faults})
    if dry_run:
        return screen.say(f"dry run: it would replace {before.journeys:,} journeys")
    proved = "the audit proves them" if not faults else f"{len(faults)} faults"
    return screen.say(f"restored {len(proof):,} journeys with {events:,} events; {proved}", *faults)


def prune(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DURATION", help="Ended so long ago: 365d.")
    ],
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Forget what nobody needs of journeys that ended long ago.

    Measurements, resolved alerts and their notices of such journeys go, and old webhook
    deliveries. The journal, state, work, approvals, the gates' evidence and the history of
    rollbacks stay for ever: `sojourn audit verify` proves them as before.

    \b
    Example:
      sojourn db prune --older-than 365d --dry-run
    """
    span = times.duration(older_than, "--older-than")

    async def work(app: App) -> dict[str, int]:
        return await forget(app.door.db, app.door.now() - span, dry_run=dry_run)

    gone = session.run(work)
    if as_json:
        told: dict[str, Any] = {"dry_run": dry_run, "pruned": gone}
        return screen.print_json(told)
    counted = ", ".join(f"{n:,} {kind}" for kind, n in gone.items())
    return screen.say(f"{'dry run, would forget' if dry_run else 'forgot'}: {counted}")
