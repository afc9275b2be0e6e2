"""The program: its commands, its version, and how it ends."""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from sojourn.cli import (
    agents,
    alerts,
    audit,
    db,
    demo,
    engine,
    explain,
    failures,
    gates,
    holds,
    journal,
    journeys,
    keys,
    lint,
    migrate,
    paths,
    record,
    rollback,
    routes,
    sandbox,
    screen,
    show,
    start,
    tasks,
    users,
    work,
)
from sojourn.cli.failures import Status
from sojourn.settings import Settings, SettingsError

app: Final = typer.Typer(
    name="sojourn",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "demo": demo.demo,
    "serve": engine.serve,
    "worker": engine.worker,
    "sandbox": sandbox.sandbox,
    "start": start.start,
    "list": journeys.list_,
    "show": show.show,
    "explain": explain.explain,
    "promote": gates.promote,
    "approve": gates.approve,
    "waive": gates.waive,
    "reject": gates.reject,
    "rollback": rollback.rollback,
    "hold": holds.hold,
    "resume": holds.resume,
    "cancel": holds.cancel,
    "retry": tasks.retry,
    "answer": tasks.answer,
    "record": record.record,
    "events": journal.events,
    "alerts": alerts.alerts,
}
"""The commands in the order in which help lists them."""
SHORT: Final[Mapping[str, str]] = {
    "demo": "Watch a whole journey on a fast clock, in about a minute.",
}
"""What help says of a command whose first sentence is too long for its list."""
GROUPS: Final[Mapping[str, typer.Typer]] = {
    "work": work.group,
    "path": paths.group,
    "agent": agents.group,
    "alert": routes.group,
    "gate": gates.group,
    "audit": audit.group,
    "key": keys.group,
    "user": users.group,
    "db": db.group,
}


def _assemble() -> None:
    paths.group.command("lint")(lint.lint)
    paths.group.command("migrate")(migrate.migrate)
    for name, command in COMMANDS.items():
        app.command(name, short_help=SHORT.get(name))(command)
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)


_assemble()


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.")
    ] = False,
) -> None:
    """Take client companies from contract to production, stage by stage, on live evidence.

    Each command explains itself with --help, speaks JSON with --json, and shows with --dry-run
    what it would do.
    """
    if show_version:
        print(f"sojourn {version('sojourn')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@cache
def program() -> Any:
    """Return the whole tree of commands."""
    return get_command(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; see :class:`~.failures.Status`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _tolerant()
    try:
        _readable(words)
        # Typer returns the status of a command that exits by itself.
        status = program()(words, prog_name="sojourn", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else Status.OK
    except BrokenPipeError:
        return _unread()
    except SystemExit as end:
        # Typer ends a program with it whose output nobody reads any more.
        if isinstance(end.__context__, BrokenPipeError):
            return _unread()
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is becomes one line and a status
        return failures.tell(error, as_json="--json" in words, debug=_debug())
    except KeyboardInterrupt as error:
        return failures.tell(error, as_json="--json" in words)


def _unread() -> int:
    """End well: the reader has read enough (| head), there is nobody left to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return Status.OK


def _tolerant() -> None:
    """Print what the terminal's encoding lacks as a question mark; print nowhere if closed."""
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _readable(words: Sequence[str]) -> None:
    for place, word in enumerate(words, 1):
        try:
            word.encode()
        except UnicodeEncodeError:
            told = f"argument {place} is not UTF-8: {screen.clean(ascii(word))}"
            raise failures.bad(told, "give it in UTF-8") from None


def _debug() -> bool:
    try:
        return Settings.load().log_level == "debug"
    except SettingsError:
        return False
