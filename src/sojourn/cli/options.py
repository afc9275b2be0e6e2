"""Arguments and options that many commands share, each meaning the same everywhere."""

import getpass
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from sojourn.cli.completion import clients, paths
from sojourn.cli.failures import bad

DEFAULT_ROLES: Final = ("operator", "approver", "admin")
LONGEST: Final = 100

Client = Annotated[
    str,
    typer.Argument(
        metavar="CLIENT",
        help="The client's name, or the key or id of a journey.",
        autocompletion=clients,
    ),
]
MaybeClient = Annotated[
    str | None,
    typer.Argument(
        metavar="CLIENT",
        help="The client's name, or the key or id of a journey; all where it is left out.",
        autocompletion=clients,
    ),
]
PathName = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="A path's name, NAME@VERSION of one in the database, or a YAML file.",
        autocompletion=paths,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, errors too.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say exactly what would happen, and do nothing.")
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Who does this; your login name by default."),
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="A role in which this is done; may be repeated. "
        f"By default {', '.join(DEFAULT_ROLES)}.",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for the journal.", show_default=False)
]
Limit = Annotated[
    int, typer.Option("--limit", min=1, max=100_000, metavar="N", help="At most so many.")
]
Criterion = Annotated[
    str, typer.Argument(metavar="CRITERION", help="The criterion's name, as explain shows it.")
]
Unit = Annotated[
    str, typer.Option("--unit", metavar="UNIT", help="Only of this unit.", show_default=False)
]
TaskId = Annotated[
    str, typer.Option("--task", metavar="TASK", help="Only this task.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something, and in which roles."""

    actor: str
    roles: tuple[str, ...]


def person(name: str | None, roles: Sequence[str] | None) -> Person:
    """Return who acts; by default the login name with all the usual roles."""
    actor = login() if name is None else name
    for word, option in [(actor, "--as"), *((role, "--role") for role in roles or ())]:
        if not (word.strip() == word and word.isprintable() and 0 < len(word) <= LONGEST):
            raise bad(
                f"{option}: {word[:40]!r} is no name",
                f"1 to {LONGEST} printable characters, no space at the ends",
            )
    return Person(actor, tuple(roles or DEFAULT_ROLES))


def login() -> str:
    """Return the name of the user of this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"
