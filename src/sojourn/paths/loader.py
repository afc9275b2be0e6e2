"""Path files to paths: every problem of a file is found at once, and said kindly."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path as FilePath
from typing import Final

import orjson
from pydantic import ValidationError

from sojourn.core.paths import Path
from sojourn.core.work import hint
from sojourn.paths import checks, evidence, links
from sojourn.paths.document import Document, Mark, Unreadable, read
from sojourn.paths.outline import Node, Sheet
from sojourn.paths.paths import PathForm
from sojourn.paths.problems import Fault, PathError, Problem, spell
from sojourn.paths.serial import signed
from sojourn.paths.translate import faults

LARGEST: Final = 1_000_000
"""Size of a file in bytes."""
ENOUGH: Final = 500
"""So many faults of a kind are looked for; nobody mends more at once."""
LONGEST: Final = 500
"""Characters of a message that repeats what a file says."""
NOT_A_MAPPING: Final = (
    "a path is a mapping (lines of key: value) that begins with name: and stages:"
)
CHECKS: Final[tuple[Callable[[Sheet], Iterator[Fault]], ...]] = (
    *checks.CHECKS,
    *evidence.CHECKS,
    *links.CHECKS,
)


def load(text: str, file: str = "path") -> Path:
    """Return the path that a text describes, with its digest.

    ``file`` names it in messages. Raises :class:`PathError` with all problems of the text.
    """
    if len(text) > LARGEST or len(text.encode(errors="replace")) > LARGEST:
        raise failure(file, "the file is over 1 MB; no path is so long")
    try:
        document = read(text)
    except Unreadable as error:
        raise failure(file, str(error), error.mark) from None
    if not isinstance(document.data, dict):
        raise failure(file, NOT_A_MAPPING)
    return _formed(document, file)


def load_file(file: FilePath | str) -> Path:
    """Return the path of a file; raises :class:`PathError`, also where it cannot be read."""
    name = str(file)
    try:
        with FilePath(file).open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise failure(name, f"cannot be read: {why}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) > LARGEST:
            raise failure(name, "the file is over 1 MB; no path is so long") from None
        raise failure(name, _encoding(data, error), _byte(data, error.start)) from None
    return load(text, name)


def builtin() -> dict[str, FilePath]:
    """Return the files of the paths that come with Sojourn, by name, the standard one first."""
    found = sorted(
        FilePath(__file__).parent.glob("*.yaml"), key=lambda f: (f.stem != "standard", f)
    )
    return {file.stem: file for file in found}


def find(name_or_file: str) -> FilePath:
    """Return the file of a path that comes with Sojourn, or the file named.

    Raises :class:`PathError`, which says what there is.
    """
    known = builtin()
    if name_or_file in known:
        return known[name_or_file]
    if _is_file(name_or_file):
        return FilePath(name_or_file)
    if name_or_file.endswith((".yaml", ".yml")) or "/" in name_or_file:
        raise failure(name_or_file, "there is no such file")
    raise failure(name_or_file, f"there is no path of this name{hint(name_or_file, known)}")


def _is_file(name: str) -> bool:
    try:
        return FilePath(name).is_file()
    except OSError:
        return False


def failure(file: str, message: str, mark: Mark = (1, 1)) -> PathError:
    """Return the error of a file that has one problem only."""
    return PathError([Problem(file, *mark, "", message)])


def _formed(document: Document, file: str) -> Path:
    form, found = _read_form(document)
    sheet = Sheet(document, Node((), document.data))
    found += islice(chain.from_iterable(check(sheet) for check in CHECKS), ENOUGH)
    told = {f.place for f in document.faults}
    found = document.faults + [f for f in dict.fromkeys(found) if f.place not in told]
    if found or form is None:
        raise PathError(_problems(document, found, file))
    return signed(form.build())


def _read_form(document: Document) -> tuple[PathForm | None, list[Fault]]:
    try:
        return PathForm.model_validate_json(orjson.dumps(document.data)), []
    except ValidationError as error:
        return None, faults(error, ENOUGH)


def _problems(document: Document, found: Iterable[Fault], file: str) -> list[Problem]:
    problems = [_problem(document, fault, file) for fault in found]
    return sorted(problems, key=lambda p: (p.line, p.column))


def _problem(document: Document, fault: Fault, file: str) -> Problem:
    place = _cut(spell(fault.place, document.data))
    return Problem(file, *document.mark(fault), place, _cut(fault.message))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _encoding(data: bytes, error: UnicodeDecodeError) -> str:
    return f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"


def _byte(data: bytes, offset: int) -> Mark:
    before = data[:offset]
    return before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1
