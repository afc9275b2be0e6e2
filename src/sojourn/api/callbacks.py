"""Where agents call back: results of flows, and A2A's push notifications."""

from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.agents.callbacks import BadToken, Callbacks
from sojourn.agents.outcome import STATES, spelled
from sojourn.agents.shape import LIMIT, BadAnswer, decode
from sojourn.api.auth import CALLED
from sojourn.api.context import context_of
from sojourn.api.problems import ProblemError
from sojourn.control.tasks import call_back

PATHS: Final = (f"{CALLED}/{{token}}", CALLED)
HEADER: Final = "x-a2a-notification-token"
"""Where A2A's agents put the token, for one that keeps no URL's path."""
WORKING: Final = "working"
PUSHED: Final = frozenset({"task", "message", "statusUpdate", "artifactUpdate"})
"""What a push of A2A holds, one of them."""


def add_callbacks(app: FastAPI, callbacks: Callbacks) -> None:
    """Add the routes to the API's application; ``callbacks`` checks the tokens."""

    async def called(request: Request) -> Response:
        return await _noted(request, callbacks)

    app.router.routes += [Route(path, called, methods=["POST"]) for path in PATHS]


async def _noted(request: Request, callbacks: Callbacks) -> Response:
    """Answer at once: a worker sees to it. The token is the caller's only right, and all it needs.

    202 where it was noted, 404 for a token that is not good, 409 where its attempt is over or was
    told of already.
    """
    door = context_of(request).door
    token = request.path_params.get("token") or request.headers.get(HEADER, "")
    try:
        attempt = callbacks.attempt(token, datetime.now(UTC))
    except BadToken as error:
        raise ProblemError(404, str(error)) from None
    body = _read(await request.body())
    if not await call_back(door, attempt, body):
        told = "this attempt is over, or was told of already"
        raise ProblemError(409, told, code="over")
    return JSONResponse({"accepted": True}, 202)


def _read(raw: bytes) -> dict[str, object]:
    try:
        body = decode(raw, LIMIT) if raw.strip() else {}
    except BadAnswer as error:
        raise ProblemError(422, f"the body: {error}") from None
    if not isinstance(body, dict):
        raise ProblemError(422, f"the body must be a JSON object, not {type(body).__name__}")
    return body | {"status": WORKING} if at_work(body) else body


def at_work(body: dict[str, object]) -> bool:
    """Say whether a body tells no more than that the work goes on; then the next may replace it.

    So does all that A2A pushes, for its agents are asked.
    """
    status = body.get("status")
    if isinstance(status, str):
        return STATES.get(spelled(status)) == WORKING
    return len(body) == 1 and body.keys() <= PUSHED
