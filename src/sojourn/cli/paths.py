"""Paths: checking, reading, drawing, comparing and adding them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer
from rich.text import Text

from sojourn.app import App
from sojourn.cli import documents, options, screen, session, shelf, times
from sojourn.core.paths import Path
from sojourn.paths import PathError, builtin, load_file
from sojourn.paths.diagram import diagram as drawn
from sojourn.paths.diff import Change, Kind
from sojourn.paths.diff import diff as differences
from sojourn.paths.show import describe
from sojourn.settings import Settings
from sojourn.store.paths import list_paths
from sojourn.store.sets import Connection, Row
from sojourn.store.transactions import dry, in_transaction

group = typer.Typer(help="Paths: check, read, draw, compare, add; move journeys to them.")
SIGNS = {Kind.ADDED: "good", Kind.REMOVED: "bad", Kind.CHANGED: "warn"}


def found(name: str) -> Path:
    """Return a path; the database is opened only for one that is no file."""
    file = shelf.file_of(Settings.load(), name)
    return load_file(file) if file else session.run(lambda app: shelf.find(app, name))


@group.command("list")
def list_(as_json: options.Json = False) -> None:
    """List the paths with their versions and journeys.

    Built-in ones, those of SOJOURN_PATHS, and every version in the database.

    \b
    Example:
      sojourn path list
    """
    rows, now = session.run(_all)
    if as_json:
        return screen.print_json({"paths": rows})
    columns = ("path", "#version", "file", "#running", "#ended", "added")
    return screen.say(
        screen.table(
            columns,
            (
                [
                    row["name"],
                    row["version"],
                    screen.text(row["problem"], "bad") if row["problem"] else row["file"],
                    row["running"],
                    row["ended"],
                    times.when(row["created_at"], now),
                ]
                for row in rows
            ),
        )
    )


async def _all(app: App) -> tuple[list[Row], datetime]:
    async with app.door.db.connection() as connection:
        stored = await list_paths(connection)
    known = {row["digest"]: row for row in stored}
    rows: list[Row] = [row | {"file": None, "problem": None} for row in stored]
    own = shelf.own_files(app.settings)
    for name, file in (builtin() | own).items():
        path, problem = _loaded(file)
        where = str(file) if name in own else "built-in"
        if path and path.digest in known:
            at = next(r for r in rows if r["digest"] == path.digest)
            at["file"] = where
        else:
            rows.append(_unused(path.name if path else name, path, where, problem))
    return sorted(rows, key=lambda r: (r["name"], r["version"] or 1 << 30)), app.door.now()


def _loaded(file: FilePath) -> tuple[Path | None, str | None]:
    try:
        return load_file(file), None
    except PathError as error:
        return None, str(error.problems[0])


def _unused(name: str, path: Path | None, where: str, problem: str | None) -> Row:
    return {
        "name": name,
        "version": None,
        "digest": path.digest if path else None,
        "created_at": None,
        "running": 0,
        "ended": 0,
        "file": where,
        "problem": problem,
    }


@group.command("show")
def show(name: options.PathName, as_json: options.Json = False) -> None:
    """Say in words what a path asks.

    \b
    Examples:
      sojourn path show standard
      sojourn path show healthcare@2 --json
    """
    told = describe(found(name))
    return screen.print_json(told) if as_json else screen.say(*_told(told))


def _told(path: Mapping[str, Any]) -> Iterator[Text]:
    yield screen.text(f"{path['name']}: {path['title']}", "bold")
    yield screen.text(path["description"])
    back = path["rollback"]
    yield screen.text(
        f"after a rollback: {back['after']}, at most {back['max_rollbacks']} by itself, "
        f"done within {back['timeout']}"
    )
    for stage in path["stages"]:
        yield from _stage(stage)


def _stage(stage: Mapping[str, Any]) -> Iterator[Text]:
    yield screen.text(f"\n{stage['name']}: {stage['title']} ({stage['schedule']})", "bold")
    if stage["purpose"]:
        yield screen.text(f"  {stage['purpose']}")
    yield from _criteria("entry", stage["entry"]["criteria"])
    yield from _named("work", [f"{u['name']}: {u['when']}" for u in stage["work"]])
    waves = stage["rollout"]["waves"] if stage["rollout"] else []
    yield from _named("rollout", [w["does"] for w in waves])
    yield from _criteria(f"exit ({stage['exit']['passing']})", stage["exit"]["criteria"])
    yield from _named("triggers", [f"{t['kind']}: {t['does']}" for t in stage["triggers"]])
    yield from _criteria("success", stage["success"])


def _criteria(title: str, criteria: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    asked = (
        f"{c['condition']}" + (f" ({c['evidence']})" if c["evidence"] else "") for c in criteria
    )
    lines = [f"{c['name']}: {a}" for c, a in zip(criteria, asked, strict=True)]
    yield from _named(title, lines)


def _named(title: str, lines: Sequence[str]) -> Iterator[Text]:
    if lines:
        yield screen.text(f"  {title}", "bold")
        yield from (screen.text(f"    {line}") for line in lines)


@group.command("diagram")
def diagram(name: options.PathName, as_json: options.Json = False) -> None:
    """Print a path's stages and transitions as a Mermaid diagram.

    \b
    Example:
      sojourn path diagram standard > standard.mmd
    """
    path = found(name)
    if as_json:
        return screen.print_json({"name": path.name, "mermaid": drawn(path)})
    return print(drawn(path), end="")


@group.command("diff")
def diff(
    old: options.PathName,
    new: Annotated[str, typer.Argument(metavar="PATH", help="The path to compare it with.")],
    as_json: options.Json = False,
) -> None:
    """Say what differs between two paths, thing by thing.

    \b
    Examples:
      sojourn path diff standard healthcare
      sojourn path diff standard@1 my-standard.yaml
    """
    left, right = found(old), found(new)
    changes = differences(left, right)
    if as_json:
        told = {"old": called(left), "new": called(right), "changes": list(map(change, changes))}
        return screen.print_json(told)
    if not changes:
        return screen.say("no difference")
    return screen.say(*(screen.text(c, SIGNS[c.kind]) for c in changes))


def called(path: Path) -> documents.Document:
    """Return how a path is known; the version is 0 where it is only in a file."""
    return {"name": path.name, "version": path.version, "digest": path.digest}


def change(one: Change) -> documents.Document:
    """Return a difference as JSON."""
    return {"kind": one.kind, "place": one.place, "old": one.old, "new": one.new}


@group.command("add")
def add(
    name: options.PathName, dry_run: options.DryRun = False, as_json: options.Json = False
) -> None:
    """Put a path into the database as the next version of its name.

    Every machine can use it then. Content that is there already keeps its version. A path is
    also added by itself when the first journey starts on it.

    \b
    Example:
      sojourn path add my-path.yaml
    """

    async def work(app: App) -> tuple[Path, bool, bool]:
        path = await shelf.find(app, name)
        async with app.door.db.connection() as connection:
            before = {row["digest"] for row in await list_paths(connection)}

        async def register(connection: Connection) -> Path:
            return await app.door.shelf.register(connection, path)

        added = await (dry if dry_run else in_transaction)(app.door.db, register)
        return added, path.digest not in before, shelf.file_of(app.settings, path.name) is not None

    path, new, shadowed = session.run(work)
    if as_json:
        return screen.print_json({"dry_run": dry_run, "path": called(path), "new": new})
    said = "is already" if not new else "would be" if dry_run else "is now"
    told = f"{path.name}@{path.version} {said} in the database"
    screen.say(f"dry run, nothing was written: {told}" if dry_run else told)
    if shadowed and new:
        screen.note(
            f"note: --path {path.name} means the file of that name; this version is called "
            f"{path.name}@{path.version}"
        )
    return None
