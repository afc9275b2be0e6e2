"""The pages as one application, with their addresses, their headers and their errors."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib.resources.abc import Traversable
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn.agents.directory import Directory
from sojourn.control.door import Door, NotFoundError, RefusedError
from sojourn.dashboard import (
    about,
    acting,
    agents,
    alerts,
    analytics,
    deliveries,
    demonstration,
    history,
    home,
    hooks,
    inbox,
    keyring,
    metrics,
    paths,
    settings,
    workplan,
)
from sojourn.dashboard import journey as journeys
from sojourn.dashboard.asking import DeniedError, Page, known, refused
from sojourn.dashboard.forms import BadFormError
from sojourn.dashboard.rendering import STATIC
from sojourn.dashboard.site import Demo, Identify, Setting, SignIn, SignOut, Site
from sojourn.store.errors import DatabaseUnavailable

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
Endpoint = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger()


class Secured:
    """Gives every answer of the pages the headers that keep browsers strict."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, secured)


async def static(request: Request) -> Response:
    """Return a static file; its address holds its digest, so it may be kept for ever."""
    name = request.path_params["name"]
    file: Traversable = STATIC / name
    if name.startswith(".") or name.rpartition(".")[2] not in TYPES or not file.is_file():
        raise NotFoundError("There is no such file.")
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(file.read_bytes(), headers=kept, media_type=TYPES[name.rpartition(".")[2]])


def _get(path: str, page: Page) -> Route:
    return Route(path, guarded(known(page)), methods=["GET"])


def _post(path: str, page: Page) -> Route:
    return Route(path, guarded(known(page)), methods=["POST"])


def guarded(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint whose every failure is a page."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is told
            return await problem(request, error)

    return answered


ROUTES: Final = (
    _get("/", home.home),
    _get("/attention", home.attention),
    _get("/journeys", home.journeys),
    _get("/journeys.csv", home.export),
    _post("/demo", demonstration.demo),
    _get("/inbox", inbox.inbox),
    _get("/alerts", alerts.alerts),
    _post("/alerts/{alert:int}", alerts.acknowledge),
    _get("/agents", agents.agents),
    _get("/agents/{agent}", agents.agent),
    _get("/paths", paths.paths),
    _get("/paths/{name}/{version:int}", paths.path),
    _get("/analytics", analytics.analytics),
    _get("/deliveries", deliveries.deliveries),
    _post("/deliveries/{webhook:uuid}/test", deliveries.send_test),
    _post("/deliveries/{webhook:uuid}/{delivery:uuid}/replay", deliveries.replay),
    _get("/settings", settings.settings),
    _post("/settings/keys", keyring.create),
    _post("/settings/keys/{prefix}/revoke", keyring.revoke),
    _post("/settings/sessions/end", keyring.end),
    _post("/settings/webhooks", hooks.add),
    _post("/settings/webhooks/{webhook:uuid}/switch", hooks.switch),
    _post("/settings/webhooks/{webhook:uuid}/rotate", hooks.rotate),
    _post("/settings/webhooks/{webhook:uuid}/remove", hooks.remove),
    _get("/about", about.about),
    Route("/login", guarded(about.login), methods=["GET", "POST"]),
    _post("/logout", about.logout),
    _get("/journeys/{ref}", journeys.overview),
    _get("/journeys/{ref}/work", workplan.work),
    _get("/journeys/{ref}/metrics", metrics.metrics),
    _get("/journeys/{ref}/history", history.history),
    _get("/journeys/{ref}/events", history.events),
    _post("/journeys/{ref}/alerts/{alert:int}", alerts.acknowledge),
    _get("/journeys/{ref}/{deed}", acting.form),
    _post("/journeys/{ref}/{deed}", acting.do),
    Route("/static/{digest}/{name}", guarded(static), methods=["GET"]),
)


async def problem(request: Request, error: Exception) -> Response:
    """Return a page that says what is wrong and what would help; never a stack trace."""
    match error:
        case DeniedError():
            return refused(403, str(error), "Ask an administrator for the role.")
        case NotFoundError():
            return refused(404, str(error))
        case BadFormError():
            return refused(400, str(error), "Go back and load the page again.")
        case RefusedError():
            return refused(409, error.refusal.message, error.refusal.remedy)
        case DatabaseUnavailable():
            return refused(503, str(error), "The page tries again by itself.")
        case HTTPException():
            return refused(error.status_code, error.detail)
    log.error("a page could not be drawn", path=request.url.path, exc_info=error)
    return refused(500, "This page could not be drawn.", "The log says why.")


def create_dashboard(
    door: Door,
    agents: Directory,
    *,
    identify: Identify,
    version: str = "0.1.0",
    stream: str = "/api/v1/events/stream",
    sign_in: SignIn | None = None,
    sign_out: SignOut | None = None,
    demo: Demo | None = None,
    settings: Sequence[Setting] = (),
    private_webhooks: bool = False,
    forget: Callable[[], None] | None = None,
    sso: str = "",
) -> Starlette:
    """Return the pages as an application to be mounted at ``/``, after everything else.

    ``identify`` says who asks; the ``csrf`` of what it returns is in every form and is checked
    here, so nothing before may ask for it in a header. See :class:`Site` for the rest.
    """
    site = Site(door, agents, identify, version, stream, sign_in, sign_out, demo, settings)
    private, again = private_webhooks, forget or site.forget
    site = replace(site, private_webhooks=private, forget=again, sso=sso)
    app = Starlette(
        routes=list(ROUTES),
        middleware=[Middleware(Secured)],
        exception_handlers={HTTPException: problem},
    )
    app.state.site = site
    return app
