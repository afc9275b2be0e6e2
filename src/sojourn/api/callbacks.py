"""Where agents call back: results of flows, and A2A's push notifications."""

from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sojourn.agents.callbacks import BadToken, Callbacks
from sojourn.agents.shape import LIMIT, BadAnswer, decode
from sojourn.api.context import context_of
from sojourn.api.problems import ProblemError
from sojourn.control.tasks import call_back

PATH: Final = "/callbacks/{token}"


def add_callbacks(app: FastAPI, callbacks: Callbacks) -> None:
    """Add the route to the API's application; ``callbacks`` checks the tokens."""

    async def called(request: Request) -> Response:
        return await _noted(request, callbacks)

    app.router.routes.append(Route(PATH, called, methods=["POST"]))


async def _noted(request: Request, callbacks: Callbacks) -> Response:
    """Answer at once: a worker sees to it. The token is the caller's only right, and all it needs.

    202 where it was noted, 404 for a token that is not good, 409 where its attempt is over or was
    told of already.
    """
    door = context_of(request).door
    try:
        attempt = callbacks.attempt(request.path_params["token"], datetime.now(UTC))
    except BadToken as error:
        raise ProblemError(404, str(error)) from None
    body = _read(await request.body())
    noted = await call_back(
        door, attempt.journey_id, attempt.uow_id, attempt.task_id, attempt.retry_count, body
    )
    if not noted:
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
    return body
