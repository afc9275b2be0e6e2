"""Who asks, and what they may: keys, browsers' sessions, roles, and every refusal noted."""

import hmac
from collections.abc import Callable
from typing import Annotated, Final, TypedDict, cast
from uuid import UUID

from fastapi import Depends, Path, Request
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from sojourn.api.context import Context, context_of, door_of
from sojourn.api.documents import Line
from sojourn.api.problems import ProblemError, answer, problem_of
from sojourn.api.throttle import Throttle
from sojourn.control.door import Door, NotFoundError, resolve
from sojourn.control.keys import ALONE, ROLES, Principal
from sojourn.store import portfolio
from sojourn.store.sets import Row

CSRF_HEADER: Final = "x-csrf-token"
OWN: Final = "/api/"
CALLED: Final = "/callbacks"
"""Where agents call back: their token is their right, and a key that they send is not ours."""
SAFE: Final = ("GET", "HEAD", "OPTIONS")


class Authentication:
    """Finds out who asks, before anything else is done; a wrong key is refused at once."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app
        self._throttle = Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the principal of a request in its state, None for a stranger."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope)
        try:
            request.state.principal = await self._principal(request)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is answered
            await answer(request, problem_of(error))(scope, receive, send)
            return None
        return await self._app(scope, receive, send)

    async def _principal(self, request: Request) -> Principal | None:
        given = request.headers.get("authorization")
        if f"{request.url.path}/".startswith(f"{CALLED}/"):
            return None
        if given is not None:
            return await self._of_key(request, given)
        if cookie := request.cookies.get(context_of(request).options.cookie):
            return await self._of_session(request, cookie)
        return None

    async def _of_key(self, request: Request, given: str) -> Principal:
        scheme, _, token = given.partition(" ")
        name = f"{address(request)} {token[:18]}"
        if wait := self._throttle.wait(name):
            raise too_many(wait)
        found = None
        if scheme.lower() == "bearer":
            context = context_of(request)
            found = await context.keyring.of_key(context.door, token.strip())
        if found is None:
            self._throttle.failed(name)
            raise unauthenticated("the key is unknown, expired or revoked")
        return found

    async def _of_session(self, request: Request, cookie: str) -> Principal | None:
        context = context_of(request)
        found = await context.keyring.of_session(context.door, cookie)
        # The pages' forms carry the token themselves, and the pages check it.
        own = request.url.path.startswith(OWN)
        if found is not None and own and request.method not in SAFE:
            check_csrf(request.headers, found)
        return found


def check_csrf(headers: Headers, principal: Principal) -> None:
    """Refuse a browser's request that some other page has made."""
    given = headers.get(CSRF_HEADER, "")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ProblemError(403, "a request from another site", code="csrf")
    if not hmac.compare_digest(given.encode(), principal.csrf.encode()):
        told = "a browser's request that changes something repeats its session's csrf_token"
        raise ProblemError(403, told, code="csrf", remedy=f"header {CSRF_HEADER}")


def unauthenticated(detail: str) -> ProblemError:
    """Return the problem of somebody whom nobody knows."""
    remedy = "Authorization: Bearer <key>; make one: sojourn key create"
    return ProblemError(401, detail, remedy=remedy, headers={"WWW-Authenticate": "Bearer"})


def too_many(wait: int) -> ProblemError:
    """Return the problem of somebody who has failed too often."""
    told = "too many failed attempts"
    return ProblemError(
        429, told, remedy=f"wait {wait} seconds", headers={"Retry-After": str(wait)}
    )


def address(connection: HTTPConnection) -> str:
    """Return where a request comes from."""
    return connection.client.host if connection.client else "nowhere"


def principal_of(request: Request) -> Principal:
    """Return who asks; refuses a stranger."""
    found = cast(Principal | None, request.state.principal)
    if found is None:
        raise unauthenticated("this needs a key or a session")
    return found


def reads(principal: Principal) -> bool:
    """Say whether a principal may look at all journeys: every role of a person may."""
    return bool(set(principal.roles) - set(ALONE))


def rules(principal: Principal) -> bool:
    """Say whether a principal may rule on criteria; which ones, the path's own roles say."""
    own = set(principal.roles) - set(ROLES)
    return bool(own) or principal.any_of("approver", "admin", "client")


def may(principal: Principal, asked: str, *roles: str) -> None:
    """Refuse a principal that has none of some roles."""
    if not principal.any_of(*roles):
        raise forbidden(principal, asked, " or ".join(roles))


def forbidden(principal: Principal, asked: str, needed: str) -> ProblemError:
    """Return the problem of somebody without the role."""
    has = ", ".join(principal.roles)
    return ProblemError(403, f"{asked} needs the role {needed}; {principal.actor} has {has}")


def allow(asked: str, *roles: str) -> Callable[[Request], Principal]:
    """Return a dependency that lets only some roles pass."""

    def check(request: Request) -> Principal:
        principal = principal_of(request)
        may(principal, asked, *roles)
        return principal

    return check


def reader(request: Request) -> Principal:
    """Let everyone pass who may look at all journeys."""
    principal = principal_of(request)
    if not reads(principal):
        raise forbidden(principal, "looking at all journeys", "viewer")
    return principal


class Who(TypedDict):
    """The actor of a command and their roles."""

    actor: str
    roles: tuple[str, ...]


class Asking:
    """Somebody who asks something of one journey."""

    def __init__(self, request: Request, principal: Principal, journey_id: UUID) -> None:
        self.request = request
        self.principal = principal
        self.journey_id = journey_id

    @property
    def door(self) -> Door:
        """Return the door through which the request goes."""
        return door_of(self.request)

    @property
    def context(self) -> Context:
        """Return what the request works with."""
        return context_of(self.request)

    @property
    def who(self) -> Who:
        """Return what every command says of who asks."""
        return {"actor": self.principal.actor, "roles": self.principal.roles}

    async def row(self) -> Row:
        """Return the journey's row."""
        async with self.door.db.connection() as connection:
            found = await portfolio.journey(connection, self.journey_id)
        if found is None:
            raise NotFoundError(f"there is no journey {self.journey_id}")
        return found

    async def may(self, asked: str, *roles: str) -> None:
        """Refuse somebody who has none of some roles, and note it in the journey's journal."""
        if not self.principal.any_of(*roles):
            await self.refuse(forbidden(self.principal, asked, " or ".join(roles)), asked)

    async def may_rule(self, asked: str) -> None:
        """Refuse somebody who has no role that any criterion could ask for."""
        if not rules(self.principal):
            await self.refuse(forbidden(self.principal, asked, "approver"), asked)

    async def refuse(self, error: ProblemError, asked: str) -> None:
        """Note a refusal and raise it."""
        await note(self.context, self.journey_id, self.principal, asked, error.detail)
        raise error


async def note(
    context: Context, journey_id: UUID, principal: Principal, asked: str, why: str
) -> None:
    """Keep a refusal in the journey's journal."""
    await context.refusals.note(context.door, journey_id, principal.actor, asked, why)


Ref = Annotated[
    Line,
    Path(description="The client's name, the journey's key or its id.", examples=["acme"]),
]


async def asking(request: Request, ref: Ref) -> Asking:
    """Find the journey that a request is about, for those who may look at it."""
    principal = principal_of(request)
    door = door_of(request)
    request.state.asked = request.scope["route"].name
    if not (reads(principal) or principal.client_id):
        raise forbidden(principal, "looking at a journey", "viewer")
    try:
        journey_id = await resolve(door, ref)
    except NotFoundError as error:
        # What else there is, is not a client's business.
        raise error if reads(principal) else _no_journey(ref) from None
    found = Asking(request, principal, journey_id)
    request.state.journey_id = journey_id
    if principal.client_id and (await found.row())["client_id"] != principal.client_id:
        why = f"{principal.actor} may look at {principal.client_id} only"
        await note(context_of(request), journey_id, principal, "journey", why)
        raise _no_journey(ref)
    return found


def _no_journey(ref: str) -> ProblemError:
    return ProblemError(404, f"there is no journey of client {ref!r}")


ASKING = Depends(asking)
