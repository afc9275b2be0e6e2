"""Whether the process lives and whether it is fit for work, told truthfully at every request."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

UNFIT: Final = 503


@dataclass(frozen=True, slots=True)
class Finding:
    """One part that was looked at; ``vital`` where the process is no use without it."""

    name: str
    ok: bool
    message: str
    vital: bool = False


Probe = Callable[[], Awaitable[Sequence[Finding]]]
"""Looks at every part of the process, now."""


def routes(probe: Probe) -> APIRouter:
    """Return ``/healthz`` (should the process be restarted?) and ``/readyz`` (can it work?)."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> JSONResponse:
        """Answer 200 while the vital parts run; an absent database is no reason to restart."""
        return _answer([f for f in await probe() if f.vital])

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """Answer 200 while every part can do its work."""
        return _answer(await probe())

    return router


def _answer(found: Sequence[Finding]) -> JSONResponse:
    good = all(f.ok for f in found)
    parts: dict[str, Any] = {f.name: {"ok": f.ok, "message": f.message} for f in found}
    document = {"status": "ok" if good else "unfit", "parts": parts}
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(document, 200 if good else UNFIT, headers)
