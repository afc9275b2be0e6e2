"""Health of `sojourn serve` over HTTP: told truthfully, looked at anew for every request."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

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


def application(version: str, probe: Probe) -> Any:
    """Return an application with ``/healthz`` (does it live?) and ``/readyz`` (can it work?)."""
    # Imported here: commands that serve nothing should not wait for it.
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse

    app = FastAPI(title="Sojourn", version=version)

    def answer(found: Sequence[Finding]) -> JSONResponse:
        document = told(found)
        status = 200 if document["status"] == "ok" else UNFIT
        return JSONResponse(document, status, {"Cache-Control": "no-store"})

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        """Answer 200 while the vital parts run; an absent database is no reason to restart."""
        return answer([f for f in await probe() if f.vital])

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Answer 200 while every part can do its work."""
        return answer(await probe())

    return app


def told(found: Sequence[Finding]) -> dict[str, Any]:
    """Return findings as JSON; ``status`` is ok only where every part is."""
    status = "ok" if found and all(f.ok for f in found) else "unfit"
    return {"status": status, "parts": {f.name: {"ok": f.ok, "message": f.message} for f in found}}
