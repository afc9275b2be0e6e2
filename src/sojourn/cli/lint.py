"""Checking path files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from sojourn.app import open_agents
from sojourn.cli import documents, options, paths, screen, shelf
from sojourn.cli.failures import Status
from sojourn.paths import PathError, load_file
from sojourn.paths.lint import Finding, Level
from sojourn.paths.lint import lint as findings
from sojourn.settings import Settings

LEVELS = {Level.ERROR: ("✗", "bad"), Level.WARNING: ("!", "warn"), Level.INFO: ("·", "dim")}


def lint(
    names: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Files or names of paths; needs no database."),
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings too make the exit status 4.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Check path files.

    Every problem is told with its line, and what is questionable in a sound file. Exit status 2
    for a file that cannot be used, 4 for one with errors (an agent that does not exist, say), 0
    otherwise.

    \b
    Examples:
      sojourn path lint my-path.yaml
      sojourn path lint standard healthcare --strict
    """
    settings = Settings.load()
    agents = list(open_agents(settings))
    linted = [_linted(settings, name, agents) for name in names]
    if as_json:
        screen.print_json({"files": linted})
    else:
        for one in linted:
            screen.say(*_lint_lines(one))
    raise typer.Exit(_status(linted, strict=strict))


def _linted(settings: Settings, name: str, agents: Sequence[str]) -> documents.Document:
    try:
        file = shelf.file_of(settings, name)
        path = load_file(file) if file else paths.found(name)
    except PathError as error:
        problems = [documents.problem(p) for p in error.problems]
        return {"file": name, "ok": False, "problems": problems, "findings": []}
    told = [_finding(f) for f in findings(path, agents)]
    return {"file": name, "ok": True, "problems": [], "findings": told}


def _finding(one: Finding) -> documents.Document:
    return {"level": one.level, "place": one.place, "message": one.message}


def _lint_lines(one: Mapping[str, Any]) -> Iterator[Text]:
    for problem in one["problems"]:
        place = f"{problem['place']}: " if problem["place"] else ""
        where = f"{problem['file']}:{problem['line']}:{problem['column']}"
        yield screen.text(f"{where}: {place}{problem['message']}", "bad")
    if one["ok"]:
        yield screen.text(f"{one['file']}: sound", "good")
    for finding in one["findings"]:
        icon, style = LEVELS[Level(finding["level"])]
        told = f"  {icon} {finding['level']}: {finding['place']}: {finding['message']}"
        yield screen.text(told, style)


def _status(linted: Sequence[Mapping[str, Any]], *, strict: bool) -> Status:
    if not all(one["ok"] for one in linted):
        return Status.BAD_INPUT
    grave = {Level.ERROR, Level.WARNING} if strict else {Level.ERROR}
    levels = {Level(f["level"]) for one in linted for f in one["findings"]}
    return Status.REFUSED if levels & grave else Status.OK
