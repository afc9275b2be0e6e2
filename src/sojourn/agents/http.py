"""Agents over plain HTTP: a POST that is answered at once, or with a URL to ask at."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import httpx

from sojourn.agents import doubt
from sojourn.agents.about import about
from sojourn.agents.callbacks import Callbacks, pair
from sojourn.agents.guard import Forbidden, checked_url, origin
from sojourn.agents.redact import redact
from sojourn.agents.reply import begun, read, retryable, told
from sojourn.agents.shape import LIMIT
from sojourn.agents.trouble import FINAL, UNSENT, Lost, key, lost, missed, unreachable
from sojourn.agents.wire import patience
from sojourn.core.outcomes import Call, Failed, Outcome, Working

POLL_SECONDS: Final = 30.0
CANCEL_SECONDS: Final = 5.0
REDIRECTS: Final = 3
FORGOTTEN: Final = (404, 410)
SILENCE: Final = timedelta(minutes=5)
"""Between two looks at work whose agent calls back and cannot be asked."""
NOWHERE: Final = (
    "its results come by callback, and nothing says where it may call back: set SOJOURN_PUBLIC_URL"
)


def heard(call: Call) -> Mapping[str, Any] | None:
    """Return what a callback says of the work; of an agent that can be asked, nothing is kept."""
    return None if "status_url" in (call.handle or {}) else call.called_back


class HttpAgent:
    """Sends work as JSON under an idempotency key, and asks at the URL that the agent names."""

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        idempotent: bool = True,
        callbacks: Callbacks | None = None,
        by_callback: bool = False,
        limit: int = LIMIT,
    ) -> None:
        """``idempotent``: the agent does a thing once however often the same key asks for it.

        ``by_callback``: an answer only says that work has begun; its end is called back.
        """
        self._url = url
        self._client = client
        self._idempotent = idempotent
        self._callbacks = callbacks
        self._by_callback = by_callback
        self._limit = limit

    async def send(self, call: Call) -> Outcome:
        """Post the work, or a person's answer; what may have been sent is only repeated safely."""
        if doubt.asked(call):
            decision = doubt.decided(call)
            return await self._post(decision) if isinstance(decision, Call) else decision
        if call.sent_before and (said := heard(call)) is not None:
            return told(said, call, self._url, limit=self._limit)
        if call.sent_before and not self._repeatable(call):
            return self._doubted(call)
        if self._by_callback and self._callbacks is None:
            return Failed(NOWHERE, retryable=False)
        return await self._post(call)

    async def poll(self, call: Call) -> Outcome:
        """Get the status; where the reply was lost, send again under the same key."""
        handle = call.handle or {}
        if doubt.asked(call):
            return doubt.ask(call)
        if (said := heard(call)) is not None:
            return told(said, call, self._url, limit=self._limit)
        if "unsure" in handle:
            return doubt.ask(call)
        if "lost" in handle:
            return await self._post(replace(call, answer=handle.get("answer")))
        if "status_url" not in handle:
            return Working(handle, SILENCE)
        return await self._status(call, handle)

    async def cancel(self, call: Call) -> None:
        """Delete the status URL, where there is one."""
        url = (call.handle or {}).get("status_url")
        if url:
            with suppress(Exception):
                await self._exchange("DELETE", url, CANCEL_SECONDS)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _repeatable(self, call: Call) -> bool:
        return self._idempotent or call.idempotent

    def _doubted(self, call: Call) -> Outcome:
        """Ask a person whether work was done; one that calls back is given time to say so itself."""
        if not self._by_callback:
            return doubt.ask(call)
        kept = {**(call.handle or {}), "callback": True, "unsure": True}
        return Working(kept, SILENCE, unheard=True)

    async def _post(self, call: Call) -> Outcome:
        handle = call.handle or {}
        url = handle.get("answer_url", self._url)
        body = {**content(call), **pair(self._callbacks, call)}
        seconds = call.timeout.total_seconds()
        try:
            response = await self._exchange("POST", url, seconds, body, key(call))
        except Lost as error:
            return lost(call, str(error)) if self._repeatable(call) else self._doubted(call)
        except UNSENT as error:
            return unreachable(error)
        except FINAL as error:
            return Failed(redact(str(error)), retryable=False)
        return self._read(response, call, sent=True)

    async def _status(self, call: Call, handle: Mapping[str, Any]) -> Outcome:
        seconds = min(call.timeout.total_seconds(), POLL_SECONDS)
        try:
            response = await self._exchange("GET", handle["status_url"], seconds)
        except (Lost, *UNSENT) as error:
            return missed(call, str(error))
        except FINAL as error:
            return Failed(redact(str(error)), retryable=False)
        outcome = self._read(response, call, sent=False)
        if response.status_code in FORGOTTEN:
            return Failed(f"the agent no longer knows the work: {_said(outcome)}")
        if isinstance(outcome, Failed) and retryable(response.status_code):
            return missed(call, outcome.message, outcome.retry_after)
        return outcome

    def _read(self, response: httpx.Response, call: Call, *, sent: bool) -> Outcome:
        back = self._callbacks is not None
        try:
            if sent and self._by_callback:
                return begun(response, call, self._limit)
            return read(response, call, sent=sent, called_back=back, limit=self._limit)
        except Forbidden as error:
            return Failed(redact(str(error)), retryable=False)

    async def _exchange(
        self, method: str, url: str, seconds: float, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        """Send a request and read all of its reply within so many seconds."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            async with asyncio.timeout(seconds):
                return await self._followed(method, url, seconds, body, headers)
        except UNSENT:
            raise
        except TimeoutError:
            raise Lost(f"no answer within {seconds:g} s") from None
        except httpx.TransportError as error:
            raise Lost(f"{type(error).__name__}: {error}") from None

    async def _followed(
        self, method: str, url: str, seconds: float, body: Any, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Send a request, again where it is redirected within its own origin."""
        for _ in range(REDIRECTS):
            response = await self._client.request(
                method, checked_url(url), json=body, headers=headers, timeout=patience(seconds)
            )
            target = redirect(response)
            if target is None:
                return response
            url = target
        return response


def content(call: Call) -> dict[str, Any]:
    """Return what an agent is told of its task."""
    told: dict[str, Any] = {**about(call), "input_data": dict(call.input_data)}
    if call.answer is not None:
        told["answer"] = call.answer
        told |= {k: v for k, v in (call.handle or {}).items() if k == "status_url"}
    return told


def _said(outcome: Outcome) -> str:
    return outcome.message if isinstance(outcome, Failed) else ""


def redirect(response: httpx.Response) -> str | None:
    """Return where a reply redirects to, if that is the same origin and keeps the method."""
    keeps = response.status_code in (307, 308) or response.request.method == "GET"
    if not (response.has_redirect_location and keeps):
        return None
    here = str(response.request.url)
    target = str(httpx.URL(here).join(response.headers["location"]))
    return target if origin(target) == origin(here) else None
