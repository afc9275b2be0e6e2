"""ETag and If-Match of journeys: the number of the newest event in the journal."""

import re
from typing import Final

from starlette.requests import Request

from sojourn.api.problems import ProblemError

_LIST: Final = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


def etag(seq: int) -> str:
    """Return the tag of a journey whose newest event has this number."""
    return f'"{seq}"'


def expected(request: Request) -> frozenset[int] | None:
    """Return the numbers that If-Match asks for; None where any will do.

    A weak tag matches nothing (RFC 9110, 13.1.1).
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    if not _LIST.fullmatch(given):
        raise ProblemError(400, 'If-Match holds ETags, such as "41"')
    found = [tag for weak, tag in _TAG.findall(given) if not weak]
    return frozenset(int(tag) for tag in found if tag.isdecimal() and len(tag) < 19)


def stale(seq: int) -> ProblemError:
    """Return the problem of a change that was meant for another state."""
    told = f"the journey has changed since: its newest event is {seq} now"
    headers = {"ETag": etag(seq)}
    return ProblemError(412, told, remedy="look again, then decide", headers=headers)
