"""Named SQL: each ``<subject>.sql`` beside this file is a set of named, described statements.

A block starts with ``-- name: claim_tasks``, goes on with comment lines that say in a sentence
what it does, and ends with the statement.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name:[ \t]*(.*)$", re.MULTILINE)


class QueryError(ValueError):
    """A file of named SQL is malformed; the message names the file and the block."""


@dataclass(frozen=True)
class Query:
    """A named statement and the sentence that says what it does."""

    name: str
    sentence: str
    sql: str

    def __str__(self) -> str:
        return self.sql


@functools.cache
def load(subject: str, folder: Path = Path(__file__).parent) -> Mapping[str, Query]:
    """Return the statements of ``<subject>.sql`` by name, or raise `QueryError`."""
    file = folder / f"{subject}.sql"
    preamble, *parts = _NAME.split(file.read_text(encoding="utf-8"))
    if _statement(preamble):
        raise QueryError(f"{file.name}: a statement before the first `-- name:` line")
    queries: dict[str, Query] = {}
    for name, block in zip(parts[::2], parts[1::2], strict=True):
        query = _query(file.name, name.strip(), block)
        if query.name in queries:
            raise QueryError(f"{file.name}: `{query.name}` is there twice")
        queries[query.name] = query
    return MappingProxyType(queries)


def _query(file: str, name: str, block: str) -> Query:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise QueryError(f"{file}: `{name}` is no name for a statement; write it as claim_tasks")
    lines = block.strip().splitlines()
    count = next((n for n, line in enumerate(lines) if not line.startswith("--")), len(lines))
    sentence = " ".join(line.removeprefix("--").strip() for line in lines[:count])
    sql = "\n".join(lines[count:]).strip().removesuffix(";").strip()
    if not sentence.strip():
        raise QueryError(f"{file}: `{name}` needs a comment that says in a sentence what it does")
    if not _statement(sql):
        raise QueryError(f"{file}: `{name}` has no statement")
    return Query(name, sentence.strip(), sql)


def _statement(text: str) -> str:
    """Return a text without its comment lines."""
    return re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE).strip()
