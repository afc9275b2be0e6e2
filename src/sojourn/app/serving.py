"""What is served over HTTP: API, pages, other agents' faces and callbacks, as one application."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sojourn.agents.callbacks import Callbacks
from sojourn.api import Options, create_app
from sojourn.api.accounts import begin, end, set_cookie
from sojourn.api.auth import OWN, address
from sojourn.api.callbacks import add_callbacks
from sojourn.api.context import Context, Probe
from sojourn.api.faces import add_faces
from sojourn.api.oidc import add_oidc
from sojourn.api.problems import ProblemError
from sojourn.app.opening import App
from sojourn.app.outside import provider
from sojourn.control.keys import Principal
from sojourn.dashboard import create_dashboard
from sojourn.dashboard.site import Demo, Setting
from sojourn.engine.vitals import Vitals
from sojourn.settings import Settings, variable


def create_site(
    app: App,
    callbacks: Callbacks,
    *,
    probe: Probe | None = None,
    vitals: Vitals | None = None,
    demo: Demo | None = None,
) -> FastAPI:
    """Return everything that `sojourn serve` answers.

    ``callbacks`` are those that the agents were told of; their base is where others reach us.
    ``probe`` looks at what runs beside it in the process, for its health, and ``vitals`` counts what
    that does. ``demo`` starts a fleet of clients to look at. Raises SettingsError where the
    settings of the provider that signs people in are not whole.
    """
    settings = app.settings
    options = Options(
        version=version("sojourn"),
        cors_origins=settings.origins,
        public_metrics=settings.public_metrics,
        private_webhooks=settings.private_webhooks,
        paths=settings.paths,
        probe=probe,
        cookie=callbacks.name("sojourn"),
    )
    site = create_app(app.door, app.agents, options)
    guest = Principal("guest", (settings.guest_role,)) if settings.guest_role else None
    add_faces(site, version=options.version, base=callbacks.base, guest=guest)
    add_callbacks(site, callbacks)
    if vitals is not None:
        site.state.context.instruments.also(vitals.registry)
    sso = provider(settings)
    if sso is not None:
        add_oidc(site, sso)
    add_pages(site, demo, in_force(settings), sso.name if sso else "")
    return site


def in_force(settings: Settings) -> list[Setting]:
    """Return the settings as people may see them: a secret only says whether it is set."""
    fields = type(settings).model_fields
    every = ((name, getattr(settings, name), fields[name].description) for name in fields)
    return [(variable(name), _told(value), about or "") for name, value, about in every]


def _told(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "set; not shown"
    return "not set" if value is None else str(value)


def add_pages(
    site: FastAPI, demo: Demo | None = None, settings: Sequence[Setting] = (), sso: str = ""
) -> None:
    """Let the pages answer whatever is nobody else's; what is below /api/ is not theirs."""
    context: Context = site.state.context
    pages = create_dashboard(
        context.door,
        context.agents,
        identify=identify,
        version=context.options.version,
        sign_in=SignIn(context),
        sign_out=SignOut(context),
        demo=demo,
        settings=settings,
        private_webhooks=context.options.private_webhooks,
        forget=context.keyring.forget,
        sso=sso,
    )
    site.router.default = _Rest(pages, site.router.default)


class _Rest:
    """Answers for routes that the API does not have."""

    def __init__(self, pages: ASGIApp, nothing: ASGIApp) -> None:
        self._pages = pages
        self._nothing = nothing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] == "http" and not scope["path"].startswith(OWN)
        await (self._pages if own else self._nothing)(scope, receive, send)


async def identify(request: Request) -> Principal | None:
    """Return whose session or key it is, as the API has found out already."""
    found: Principal | None = getattr(request.state, "principal", None)
    return found


class SignIn:
    """Begins a browser's session with a key."""

    def __init__(self, context: Context) -> None:
        """Take the keys of an API."""
        self._context = context

    async def __call__(self, request: Request, key: str) -> Response | None:
        """Return where to go, with the session's cookie; None for a key that is no good."""
        try:
            begun = await begin(self._context, address(request), key)
        except ProblemError as error:
            raise HTTPException(error.status, f"{error.detail}; {error.remedy}") from None
        if begun is None:
            return None
        response = RedirectResponse("/", 303)
        set_cookie(self._context, request, response, begun)
        return response


class SignOut:
    """Ends a browser's session."""

    def __init__(self, context: Context) -> None:
        """Take the sessions of an API."""
        self._context = context

    async def __call__(self, request: Request) -> Response:
        """Return where to go, without the session's cookie."""
        response = RedirectResponse("/login", 303)
        await end(self._context, request, response)
        return response
