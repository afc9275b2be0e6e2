"""From an HTTP reply to an outcome: the table of status codes, Retry-After, and URLs to ask at."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import httpx

from sojourn.agents.guard import checked_url
from sojourn.agents.outcome import STATES, document, pause, spelled
from sojourn.agents.redact import redact
from sojourn.agents.shape import LIMIT, BadAnswer, decode
from sojourn.core.outcomes import Call, Failed, Needs, Outcome, Working

LONGEST_WAIT: Final = timedelta(days=1)
URLS: Final = ("status_url", "answer_url")
PASSING: Final = ("lost", "misses", "answer", "unsure")
"""What a handle holds of the last exchange only."""


def read(
    response: httpx.Response, call: Call, *, sent: bool, called_back: bool, limit: int = LIMIT
) -> Outcome:
    """Return the outcome of a reply.

    ``sent`` tells the reply to sent work from one about its status; ``called_back`` says that the
    agent was given a URL to call back, and need not name one to ask at.
    """
    if not response.is_success:
        return refusal(response)
    try:
        body = decode(response.content, limit) if response.content.strip() else {}
        handle = handle_of(response, body, call)
    except BadAnswer as error:
        return Failed(redact(f"the answer cannot be used: {error}"), retryable=False)
    if response.status_code == HTTPStatus.ACCEPTED and not isinstance(body.get("status"), str):
        body = {**body, "status": "working"}
    if called_back and not handle:
        handle = {"callback": True}
    outcome = document(body, call, handle, bare=sent, limit=limit)
    return _next(outcome, call, retry_after(response.headers) if "poll_after" not in body else None)


def begun(response: httpx.Response, call: Call, limit: int = LIMIT) -> Outcome:
    """Return the outcome of a reply that can say that work has begun, or was refused; never its end.

    A flow builder answers at once, in whatever words: its callback tells of the end.
    """
    if not response.is_success:
        return refusal(response)
    try:
        body = decode(response.content, limit)
        handle = handle_of(response, body, call)
    except BadAnswer:
        body, handle = {}, _known(call)
    status = body.get("status")
    means = STATES.get(spelled(status)) if isinstance(status, str) else None
    if means in (None, "completed"):
        body = {**body, "status": "working"}
    return _next(document(body, call, {"callback": True, **handle}, bare=False), call, None)


def refusal(response: httpx.Response) -> Failed:
    """Return the failure that a status code stands for: 408, 429 and 5xx may be tried again."""
    code = response.status_code
    if response.has_redirect_location:
        where = response.headers["location"]
        why = "redirects to other hosts are not followed; put the new address into the entry"
        return Failed(redact(f"redirected to {where}: {why}"), retryable=False)
    message = redact(f"{code} {_phrase(code)}{_reason(response)}")
    return Failed(message, retryable(code), retry_after(response.headers))


def retryable(code: int) -> bool:
    """Say whether a status code is of trouble that may pass."""
    return code in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or code >= 500


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long a reply asks to wait, from seconds or an HTTP date; at most a day."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text), 10**6)), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def told(body: Any, call: Call, url: str, limit: int = LIMIT) -> Outcome:
    """Return the outcome of what an agent called back with; ``url`` is the agent's own."""
    try:
        handle = {"callback": True, **_known(call), **_named(body, url)}
    except BadAnswer as error:
        return Failed(redact(f"what it called back with cannot be used: {error}"), retryable=False)
    return _next(document(body, call, handle, bare=False, limit=limit), call, None)


def handle_of(response: httpx.Response, body: Any, call: Call) -> dict[str, Any]:
    """Return what finds the work again after a reply: what was known, and the URLs it names."""
    here = str(response.request.url)
    named = _named(body, here)
    if response.status_code == HTTPStatus.ACCEPTED and "location" in response.headers:
        named.setdefault("status_url", _absolute(here, response.headers["location"]))
    return {**_known(call), **named}


def _known(call: Call) -> dict[str, Any]:
    return {k: v for k, v in (call.handle or {}).items() if k not in PASSING}


def _named(body: Any, here: str) -> dict[str, str]:
    if not isinstance(body, Mapping):
        raise BadAnswer(f"the answer must be an object, not {type(body).__name__}")
    return {name: _absolute(here, body[name]) for name in URLS if isinstance(body.get(name), str)}


def _absolute(here: str, url: str) -> str:
    try:
        return checked_url(str(httpx.URL(here).join(url)))
    except httpx.InvalidURL as error:
        raise BadAnswer(f"{url!r:.80} is not a URL: {error}") from None


def _next(outcome: Outcome, call: Call, wait: timedelta | None) -> Outcome:
    if isinstance(outcome, Needs):
        turn = int((call.handle or {}).get("turn", 0)) + 1
        return replace(outcome, handle={**outcome.handle, "turn": turn})
    if isinstance(outcome, Working) and wait is not None:
        return replace(outcome, poll_after=pause(wait.total_seconds()))
    return outcome


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "of an unknown kind"


def _reason(response: httpx.Response) -> str:
    """Return what the body of a refusal says, where it says so in a way that can be read."""
    try:
        body = decode(response.content)
    except BadAnswer:
        return ""
    fields = body if isinstance(body, Mapping) else {}
    for name in ("message", "detail", "error", "title"):
        if isinstance(fields.get(name), str):
            return f": {fields[name]}"
    return ""
