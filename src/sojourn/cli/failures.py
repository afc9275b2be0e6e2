"""What goes wrong, in one line: what it is, how to mend it, and the exit status that says it."""

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import typer

from sojourn.agents.directory import UnknownAgent
from sojourn.agents.entries import BadDirectory
from sojourn.cli import documents, screen
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.control.routes import BadRoutes
from sojourn.core.stages import IllegalTransition
from sojourn.core.work import InvalidWork
from sojourn.paths import PathError
from sojourn.settings import SettingsError
from sojourn.store.errors import DatabaseError


class Status(IntEnum):
    """The exit status of every command."""

    OK = 0
    INTERNAL = 1
    BAD_INPUT = 2
    GATE = 3
    REFUSED = 4
    NOT_FOUND = 5
    DATABASE = 6
    INTERRUPTED = 130


MEANING: Final[Mapping[Status, str]] = {
    Status.OK: "done",
    Status.INTERNAL: "a fault of Sojourn itself",
    Status.BAD_INPUT: "bad usage or bad input; nothing was changed",
    Status.GATE: "refused by a gate that does not hold",
    Status.REFUSED: "refused otherwise (illegal now, held, lacking a role, a conflict), "
    "or a check found faults",
    Status.NOT_FOUND: "what was named does not exist",
    Status.DATABASE: "the database cannot be used",
    Status.INTERRUPTED: "interrupted",
}
"""What each status means, for the reference."""

OF_CODE: Final[Mapping[str, Status]] = {
    "gate": Status.GATE,
    "invalid": Status.BAD_INPUT,
    "not_found": Status.NOT_FOUND,
}
"""The statuses of refusals; every other code is REFUSED."""


class Failure(Exception):
    """A command cannot be done. ``more`` is added to the error's JSON."""

    def __init__(
        self,
        code: str,
        message: str,
        remedy: str = "",
        status: Status | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.told = Told(code, message, remedy, status or OF_CODE.get(code, Status.REFUSED), more)


@dataclass(frozen=True, slots=True)
class Told:
    """A failure as it is told; ``code`` is stable for machines."""

    code: str
    message: str
    remedy: str
    status: Status
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """Return it for people."""
        return self.message + (f" (fix: {self.remedy})" if self.remedy else "")

    @property
    def document(self) -> dict[str, Any]:
        """Return it for machines."""
        told = {"code": self.code, "message": self.message, "remedy": self.remedy}
        return {"error": told | dict(self.more)}


def bad(message: str, remedy: str = "") -> Failure:
    """Return the failure of bad input."""
    return Failure("invalid", message, remedy)


def absent(message: str, remedy: str = "") -> Failure:
    """Return the failure of something that is not there."""
    return Failure("not_found", message, remedy)


def tell(error: BaseException, *, as_json: bool, debug: bool = False) -> int:
    """Print an error on stderr and return its exit status; a stack trace only where asked for."""
    told = describe(first(error))
    if debug and told.status == Status.INTERNAL:
        traceback.print_exception(error)
    if as_json:
        screen.print_json(told.document, sys.stderr)
    else:
        print(screen.clean(f"error: {told.line}"), file=sys.stderr)
    return told.status


def first(error: BaseException) -> BaseException:
    """Return the first error of a group, where it is one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> Told:
    """Return an error as it is told."""
    for kind, say in SAYERS.items():
        if isinstance(error, kind):
            return say(error)
    fault = f"{type(error).__name__}: {error}".rstrip(": ")
    remedy = "this is a fault of Sojourn; SOJOURN_LOG_LEVEL=debug shows where it is"
    return Told("internal", fault, remedy, Status.INTERNAL)


def _refused(error: Any) -> Told:
    refusal = error.refusal
    status = OF_CODE.get(refusal.code, Status.REFUSED)
    more = {"gate": documents.result(refusal.result)} if refusal.result else {}
    message, remedy = refusal.message, refusal.remedy
    if refusal.result and len(refusal.result.failing) > 1:
        remedy = "sojourn explain CLIENT"
    if error.decision is not None:
        client = error.decision.state.client_id
        message, remedy = named(message, client), named(remedy, client)
    return Told(refusal.code, message, remedy, status, more)


def named(text: str, client: str) -> str:
    """Return a text of core, which says CLIENT for any client, with the client's name."""
    return text.replace("CLIENT", client)


def _absent(error: Any) -> Told:
    message, _, remedy = str(error).partition("; start ")
    return Told("not_found", message, f"start {remedy}" if remedy else "", Status.NOT_FOUND)


def _path(error: Any) -> Told:
    problems = [documents.problem(p) for p in error.problems]
    return Told("invalid", str(error), "", Status.BAD_INPUT, {"problems": problems})


def _system(error: Any) -> Told:
    where = error.filename or "the output"
    return Told("system", f"{where}: {error.strerror or error}", "", Status.INTERNAL)


def _usage(error: Any) -> Told:
    context = getattr(error, "ctx", None)
    remedy = f"see {context.command_path} --help" if context else "see --help"
    words = " ".join(error.format_message().split())
    return Told("usage", words, remedy, Status.BAD_INPUT)


def _simple(code: str, status: Status) -> Callable[[Any], Told]:
    return lambda error: Told(code, str(error), "", status)


SAYERS: Final[Mapping[type[BaseException], Callable[[Any], Told]]] = {
    Failure: lambda failure: failure.told,
    RefusedError: _refused,
    NotFoundError: _absent,
    PathError: _path,
    InvalidWork: _simple("invalid", Status.BAD_INPUT),
    BadDirectory: _simple("invalid", Status.BAD_INPUT),
    BadRoutes: _simple("invalid", Status.BAD_INPUT),
    SettingsError: _simple("settings", Status.BAD_INPUT),
    UnknownAgent: _simple("not_found", Status.NOT_FOUND),
    IllegalTransition: _simple("illegal", Status.REFUSED),
    DatabaseError: _simple("database", Status.DATABASE),
    typer.TyperException: _usage,
    OSError: _system,
    typer.Abort: lambda _: Told("interrupted", "interrupted", "", Status.INTERRUPTED),
    KeyboardInterrupt: lambda _: Told("interrupted", "interrupted", "", Status.INTERRUPTED),
}
"""How each kind of error is told, the first that fits."""
