"""What people send: bounded, and refused where another site's page has sent it."""

import hmac
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from sojourn.control.keys import Principal

LONGEST: Final = 100_000
FIELDS: Final = 40


class BadFormError(Exception):
    """A form that is not ours, or too large; the message says what to do."""


async def read(request: Request) -> dict[str, str]:
    """Return a form's fields; raises :class:`BadFormError`."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            raise BadFormError("The form is too long; shorten its texts.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        raise BadFormError("The form could not be read; load the page again.") from None
    return {name: value.replace("\x00", "").strip() for name, value in pairs}


def check(request: Request, who: Principal, form: dict[str, str]) -> None:
    """Refuse a form that one of our own pages has not made for this person."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    given, right = form.get("csrf", ""), who.csrf
    good = bool(right) and hmac.compare_digest(given.encode(), right.encode())
    if site not in ("same-origin", "none") or not good:
        raise BadFormError("The page was open for too long, or is not ours; load it again.")
