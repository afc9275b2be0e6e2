"""The audit: proving the journal, and taking it elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Annotated, TextIO

import typer

from sojourn.app import App
from sojourn.cli import options, screen, session
from sojourn.cli.failures import Status, bad
from sojourn.control import audit as control
from sojourn.control.audit import Verified
from sojourn.control.door import resolve

group = typer.Typer(help="The journal: prove it, export it.")


@group.command("verify")
def verify(client: options.MaybeClient = None, as_json: options.Json = False) -> None:
    """Prove that the journal is whole and gives the state rows.

    No event was changed, lost or added: each journey's hash chain is computed anew, and its
    events are replayed through the transition table. Exit status 4 where something differs.

    \b
    Examples:
      sojourn audit verify
      sojourn audit verify medtronic --json
    """
    found = session.run(lambda app: _verified(app, client))
    faulty = [one for one in found if one.faults]
    if as_json:
        screen.print_json(_document(found, faulty))
    else:
        screen.say(*_lines(found, faulty))
    if faulty:
        raise typer.Exit(Status.REFUSED)


async def _verified(app: App, client: str | None) -> list[Verified]:
    journey_id = await resolve(app.door, client) if client else None
    return [one async for batch in control.verify(app.door, journey_id) for one in batch]


def _document(found: list[Verified], faulty: list[Verified]) -> dict[str, object]:
    return {
        "verified": not faulty,
        "journeys": len(found),
        "events": sum(one.events for one in found),
        "faulty": [
            {
                "journey_id": str(one.journey_id),
                "journey_key": one.journey_key,
                "client_id": one.client_id,
                "faults": list(one.faults),
            }
            for one in faulty
        ],
    }


def _lines(found: list[Verified], faulty: list[Verified]) -> Iterator[object]:
    for one in faulty:
        yield screen.text(f"✗ {one.client_id} ({one.journey_key})", "bad")
        yield from (f"    {fault}" for fault in one.faults)
    events = sum(one.events for one in found)
    counted = f"{events:,} events of {len(found):,} journeys"
    if faulty:
        yield screen.text(f"{counted}: {len(faulty):,} journeys do not agree", "bad")
    else:
        yield screen.text(f"✓ {counted}: every chain and every state row agrees", "good")


@group.command("export")
def export(
    client: options.MaybeClient = None,
    output: Annotated[
        FilePath | None, typer.Option("--output", "-o", metavar="FILE", help="A new file.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write the journal as JSON lines, each with its hash and the hash before it.

    Without --output it goes to stdout; --json changes nothing there, and with --output says how
    many events were written.

    \b
    Example:
      sojourn audit export medtronic --output medtronic.jsonl
    """
    with _file(output) as file:
        count = session.run(lambda app: _export(app, client, file))
    if output and as_json:
        screen.print_json({"file": str(output), "events": count})
    elif output:
        screen.say(f"wrote {count:,} events to {output}")


@contextmanager
def _file(output: FilePath | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            yield file
    except FileExistsError:
        raise bad(f"{output} is there already", "name a new file") from None
    except OSError as error:
        raise bad(f"{output} cannot be written: {error.strerror}") from None


async def _export(app: App, client: str | None, file: TextIO) -> int:
    journey_id = await resolve(app.door, client) if client else None
    count = 0
    async for batch in control.read(app.door, journey_id):
        for found in batch:
            for entry in found.entries:
                screen.print_json(control.document(found, entry), file, compact=True)
                count += 1
    return count
