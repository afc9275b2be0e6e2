"""Routes that refuse what they do not know, and the parameters that many of them have."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, Generic, TypeVar

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from sojourn.api.problems import ProblemError

T = TypeVar("T")
MOST: Final = 500
BIGGEST: Final = 2**63 - 1
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items on a page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=500, description="Where the last page ended: its `next`."),
]
Dry = Annotated[bool, Query(description="Only say what would be done.")]
CONDITIONAL: Final = "conditional"
"""Marks a route that heeds If-Match."""


class StrictRoute(APIRoute):
    """A route that refuses parameters it does not have, and conditions it would not heed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, after a look at the query and the headers."""
        handler = super().get_route_handler()
        known = {p.alias for p in _parameters(self.dependant)}
        heeds = bool((self.openapi_extra or {}).get(f"x-{CONDITIONAL}"))

        async def strict(request: Request) -> Response:
            refuse_unknown(request, known)
            if "if-match" in request.headers and not heeds:
                raise ProblemError(400, "If-Match is not heeded here; leave it out")
            return await handler(request)

        return strict


def _parameters(dependant: Any) -> list[Any]:
    found = list(dependant.query_params)
    for part in dependant.dependencies:
        found += _parameters(part)
    return found


def refuse_unknown(request: Request, known: set[str]) -> None:
    """Refuse query parameters that a route does not have, or that are given twice."""
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            told = f"there is no parameter {name!r:.60}"
            raise ProblemError(422, told, remedy=f"parameters: {there}", errors=[(name, told)])
    for name in given:
        if given.count(name) > 1 and name not in LISTS:
            raise ProblemError(422, f"{name} is given twice", errors=[(name, "given twice")])


LISTS: Final = ("type",)
"""Parameters that may stand there several times."""


def router(*tags: str, prefix: str = "") -> APIRouter:
    """Return a router of strict routes."""
    return APIRouter(prefix=f"/api/v1{prefix}", tags=list(tags), route_class=StrictRoute)


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(
        default=None, description="Give it as `cursor` for the next page; null at the end."
    )


def cursor_of(*parts: Any) -> str:
    """Return a place in a list as a text that only we read."""
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def place_of(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Return the place that a cursor names; refuses one that we have not made."""
    if cursor is None:
        return None
    try:
        parts = orjson.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except ValueError:
        parts = None
    good = isinstance(parts, list) and len(parts) == len(kinds)
    if not good or not all(isinstance(p, k) for p, k in zip(parts, kinds, strict=True)):
        raise ProblemError(422, "this cursor is none of ours; begin without one")
    if any(isinstance(p, str) and "\x00" in p for p in parts):
        raise ProblemError(422, "this cursor is none of ours; begin without one")
    return tuple(parts)


def paged(rows: list[Any], limit: int, place: Callable[[Any], str]) -> tuple[list[Any], str | None]:
    """Return a page of rows that were read one more than the limit, and where the next begins."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], place(rows[limit - 1])
