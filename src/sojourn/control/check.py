"""What people and programs say, checked before it comes near the database."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from sojourn.control.door import RefusedError
from sojourn.core.commands import Command, Migrate, RecordFacts, SubmitWork
from sojourn.core.decision import Refusal
from sojourn.core.journal import keepable
from sojourn.core.work import UnitOfWork
from sojourn.store.postgres import dumps

LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 10_000
LARGEST: Final = 1_000_000
"""Characters of a value that is more than a text."""

_SUBJECT: Final = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_name(name: str, what: str = "client") -> None:
    """Refuse a name that lists, URLs or terminals could not bear."""
    plain = name.strip() == name and name.isprintable()
    if name and plain and len(name) <= LONGEST_NAME and "/" not in name:
        return
    told = f"{name[:40]!r} is no name for a {what}"
    remedy = f"1 to {LONGEST_NAME} printable characters, no '/', no space at its ends"
    raise RefusedError(Refusal("invalid", told, remedy))


def check_subjects(names: Iterable[str], place: str = "") -> None:
    """Refuse names that no fact and no metric can have."""
    for name in names:
        if len(name) > LONGEST_NAME or not _SUBJECT.fullmatch(name):
            told = f"{place}{name[:40]!r} is no name"
            raise RefusedError(Refusal("invalid", told, "letters, digits, '_', '-' and '.'"))


def check_list(name: str, value: Any, lists: Collection[str], place: str = "") -> None:
    """Refuse a value that has to be a list, for tasks are made of its items, and is none."""
    if name in lists and not (isinstance(value, list | tuple) and value):
        told = f"{place}{name} must be a list with at least one item, not {value!r:.60}"
        raise RefusedError(Refusal("invalid", told, f"{name}='[confluence, sharepoint]'"))


def check_said(said: Mapping[str, Any]) -> None:
    """Refuse values that cannot be kept or are out of all proportion; keys name their places."""
    for place, value in said.items():
        try:
            keepable(value, place)
            size = len(value) if isinstance(value, str) else len(dumps(value))
        except (ValueError, TypeError, RecursionError) as error:
            told = str(error) if isinstance(error, ValueError) else f"{place} is nested too deeply"
            raise RefusedError(Refusal("invalid", told, "give it as plain JSON")) from None
        limit = LONGEST_TEXT if isinstance(value, str) else LARGEST
        if size > limit:
            told = f"{place} has more than {limit} characters"
            raise RefusedError(Refusal("invalid", told, "say it in fewer"))


def check_command(command: Command) -> None:
    """Refuse a command that says what cannot be kept."""
    said = {f.name: getattr(command, f.name) for f in fields(command) if f.name != "lasts"}
    if isinstance(command, Migrate):
        del said["path"]
    if isinstance(command, RecordFacts):
        check_subjects(command.facts)
    if isinstance(command, SubmitWork):
        said |= dict(_unit(said.pop("unit")))
    check_said(said)


def _unit(unit: UnitOfWork) -> Iterator[tuple[str, Any]]:
    yield from {"uow_id": unit.uow_id, "name": unit.name, "stage": unit.stage}.items()
    yield "external_id", unit.external_id
    yield "external_journey", unit.external_journey
    yield "dependencies", unit.dependencies
    for index, task in enumerate(unit.tasks):
        yield f"tasks[{index}]", (task.task_id, task.name, task.agent_id, task.depends_on)
        yield f"tasks[{index}].input_data", task.input_data
        if task.undo:
            yield f"tasks[{index}].undo", (task.undo.agent_id, task.undo.input_data)
