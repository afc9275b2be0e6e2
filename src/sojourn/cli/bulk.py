"""Reading metrics and facts in bulk: JSON lines or CSV; the first bad line stops it, by number."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Any, BinaryIO, Final

import orjson

from sojourn.cli.failures import Failure, bad
from sojourn.control.record import Line
from sojourn.core.journal import keepable
from sojourn.core.work import hint

COLUMNS: Final = ("client", "name", "metric", "value", "at", "n", "source", "error")
LONGEST: Final = 100_000
"""Bytes of a line."""
MOST: Final = 1_000_000
"""Lines of one file: all of them are written at once or not at all."""


class Format(StrEnum):
    """How a file of many values is written."""

    JSONL = "jsonl"
    CSV = "csv"


def format_of(name: str, head: bytes) -> Format:
    """Return a file's format by its name, else by how it begins."""
    ending = FilePath(name).suffix.lower()
    if ending == ".csv":
        return Format.CSV
    if ending in (".jsonl", ".ndjson", ".json"):
        return Format.JSONL
    return Format.JSONL if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else Format.CSV


def read(file: BinaryIO, name: str, kind: Format | None, client: str | None) -> Iterator[Line]:
    """Yield the lines of a file; ``client`` is whose they are where a line does not say.

    Raises Failure that names the file and the line.
    """
    raw = _lines(file, name)
    first = next(raw, (1, b""))
    rest = _again(first, raw)
    chosen = kind or format_of(name, first[1])
    yield from (_csv if chosen == Format.CSV else _jsonl)(rest, name, client)


Raw = Iterator[tuple[int, bytes]]


def _lines(file: BinaryIO, name: str) -> Raw:
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise bad(f"{name}:{number}: the line is longer than {LONGEST:,} bytes")
        if number > MOST + 1:
            raise bad(f"{name} has more than {MOST:,} lines", "split it into several files")
        yield number, line


def _again(first: tuple[int, bytes], rest: Raw) -> Raw:
    number, line = first
    yield number, line.removeprefix(b"\xef\xbb\xbf")
    yield from rest


def _text(line: bytes, place: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        told = f"{place}: byte {error.start + 1} (0x{line[error.start]:02x}) is not UTF-8"
        raise bad(told, "save the file as UTF-8") from None


def _jsonl(lines: Raw, name: str, client: str | None) -> Iterator[Line]:
    for number, raw in lines:
        place = f"{name}:{number}"
        if text := _text(raw, place).strip():
            yield _line(_object(text, place), place, client)


def _object(text: str, place: str) -> Mapping[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        said = error.msg.split(":")[0]
        example = '{"client": "medtronic", "name": "search_precision", "value": 0.87}'
        raise bad(f"{place}: not JSON: {said} (column {error.colno})", example) from None
    if not isinstance(found, dict):
        raise bad(f"{place}: each line must be one JSON object", "write one object on each line")
    _known(found, place)
    return found


def _csv(lines: Raw, name: str, client: str | None) -> Iterator[Line]:
    reader = csv.reader((_text(raw, f"{name}:{number}") for number, raw in lines), strict=True)
    header: Sequence[str] | None = None
    while True:
        # A quoted field may hold line breaks: a row begins after the line that the last ended on.
        place = f"{name}:{reader.line_num + 1}"
        row = _row(reader, place)
        if row is None:
            break
        if not any(field.strip() for field in row):
            continue
        if header is None:
            header = _header(row, place)
        else:
            yield _line(_fields(header, row, place), place, client)
    if header is None:
        raise bad(f"{name}:1: the file is empty", f"the first line names columns: {_example()}")


def _row(reader: Iterator[list[str]], place: str) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise bad(f"{place}: not CSV: {error}") from None


def _header(row: Sequence[str], place: str) -> Sequence[str]:
    names = [name.strip().lower() for name in row]
    _known(names, place)
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise bad(f"{place}: the column {min(twice)!r} is there twice")
    if not {"name", "metric"} & set(names) or not {"value", "error"} & set(names):
        raise bad(f"{place}: columns name and value are needed", f"for example {_example()}")
    return names


def _example() -> str:
    return "client,name,value,at,n,source"


def _known(names: Mapping[str, Any] | Sequence[str], place: str) -> None:
    for name in names:
        if name not in COLUMNS:
            raise bad(f"{place}: {name[:40]!r} is not known here{hint(name, COLUMNS)}")


def _fields(header: Sequence[str], row: Sequence[str], place: str) -> dict[str, Any]:
    if len(row) != len(header):
        told = f"{place}: {len(row)} fields, but the header has {len(header)} columns"
        raise bad(told, "put quotes around a field with a comma in it")
    found: dict[str, Any] = {k: v.strip() for k, v in zip(header, row, strict=True) if v.strip()}
    if "value" in found:
        found["value"] = _plain(found["value"])
    if "n" in found:
        found["n"] = _count(found["n"], place)
    return found


def _plain(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _count(text: str, place: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 12:
        return int(text)
    raise bad(f"{place}: n is {text[:40]!r}", "n counts the samples behind the value")


def _line(found: Mapping[str, Any], place: str, client: str | None) -> Line:
    name = _word(found, "name", place) or _word(found, "metric", place)
    whose = _word(found, "client", place) or client
    if not name or not whose:
        raise bad(f"{place}: {'name' if not name else 'client'} is missing")
    if "name" in found and "metric" in found:
        raise bad(f"{place}: give name or metric, not both")
    error = _word(found, "error", place)
    if "value" not in found and error is None:
        raise bad(f"{place}: value is missing", "or error, where the source had none")
    if error is not None and found.get("value") is not None:
        raise bad(f"{place}: give value or error, not both")
    count = found.get("n", 1)
    if isinstance(count, bool) or not isinstance(count, int):
        raise bad(f"{place}: n is {count!r:.40}", "n counts the samples behind the value")
    try:
        keepable(found.get("value"), name)
    except ValueError as fault:
        raise bad(f"{place}: {fault}") from None
    at, source = _moment(found, place), _word(found, "source", place) or ""
    return Line(whose, name, found.get("value"), at, count, source, error, place)


def _word(found: Mapping[str, Any], key: str, place: str) -> str | None:
    value = found.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or "\x00" in value or len(value) > 2000:
        raise bad(f"{place}: {key} must be a text, not {value!r:.60}")
    return value


def _moment(found: Mapping[str, Any], place: str) -> datetime | None:
    text = _word(found, "at", place)
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        told = f"{place}: at: {text!r:.60} is no time"
        raise Failure("invalid", told, "write it as 2026-11-22T10:00:00Z") from None
