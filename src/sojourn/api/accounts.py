"""Accounts: keys for programs, sessions for browsers, and who one is."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse

from sojourn.api.auth import (
    address,
    allow,
    principal_of,
    too_many,
    unauthenticated,
)
from sojourn.api.context import Context, context_of, door_of
from sojourn.api.documents import Asked, Line, Text
from sojourn.api.routes import StrictRoute, router
from sojourn.api.throttle import Throttle
from sojourn.control import keys, sessions
from sojourn.control.keys import Principal
from sojourn.control.sessions import Begun
from sojourn.paths.forms import Duration

accounts = router("accounts")
pages = APIRouter(tags=["accounts"], route_class=StrictRoute)
Admin = Annotated[Principal, Depends(allow("managing keys", "admin"))]


class Key(BaseModel):
    """An API key without its secret."""

    key_id: UUID
    prefix: str = Field(description="The public part, by which it is found and revoked.")
    actor: str
    label: str
    roles: list[str]
    client_id: str | None
    agent_id: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKey(Asked):
    """What a key is for."""

    actor: Line = Field(description="Whose key it is; the journal names it.", examples=["ann"])
    roles: list[Line] = Field(
        max_length=20,
        examples=[["operator", "approver"]],
        description="viewer, operator, approver, admin, agent or client, and roles that a "
        "path's approvals ask for.",
    )
    label: Text = ""
    client_id: Line | None = Field(default=None, description="For role client: its client.")
    agent_id: Line | None = Field(default=None, description="For role agent: its agent.")
    lasts: Duration | None = Field(default=None, description="Until it is revoked by default.")


class CreatedKey(BaseModel):
    """A new key; its token is shown this once."""

    token: str
    key: Key


@accounts.post("/keys", status_code=201, summary="Create a key")
async def create_key(request: Request, body: NewKey, principal: Admin) -> CreatedKey:
    """Create a key; the answer is the only place where its token is ever shown."""
    made = await keys.create(
        door_of(request),
        body.actor,
        body.roles,
        principal.actor,
        label=body.label,
        client_id=body.client_id,
        agent_id=body.agent_id,
        lasts=body.lasts,
    )
    return CreatedKey(token=made.token, key=Key(**made.row))


@accounts.get("/keys", summary="Keys")
async def list_keys(request: Request, principal: Admin) -> list[Key]:  # noqa: ARG001
    """Return all keys, the newest first."""
    return [Key(**row) for row in await keys.list_keys(door_of(request))]


@accounts.post("/keys/{prefix}/revoke", summary="Revoke a key")
async def revoke_key(request: Request, prefix: Line, principal: Admin) -> Key:  # noqa: ARG001
    """Revoke a key and its sessions; other processes heed it within seconds."""
    row = await keys.revoke(door_of(request), prefix)
    context_of(request).keyring.forget()
    return Key(**row)


class Me(BaseModel):
    """Who one is."""

    actor: str
    roles: list[str]
    client_id: str | None
    agent_id: str | None
    expires_at: datetime | None
    csrf_token: str = Field(description="For a session: what its changes repeat in X-CSRF-Token.")


def me_of(principal: Principal) -> Me:
    """Return a principal as a document."""
    return Me(
        actor=principal.actor,
        roles=list(principal.roles),
        client_id=principal.client_id,
        agent_id=principal.agent_id,
        expires_at=principal.expires_at,
        csrf_token=principal.csrf,
    )


@accounts.get("/session", summary="Who am I?")
async def get_session(principal: Annotated[Principal, Depends(principal_of)]) -> Me:
    """Return who the key or the session belongs to."""
    return me_of(principal)


class Login(Asked):
    """A key, to begin a browser's session with."""

    key: Annotated[str, Field(max_length=200)]


@accounts.post("/session", status_code=201, summary="Log in")
async def log_in(request: Request, response: Response, body: Login) -> Me:
    """Begin a browser's session with a key; the session ends with the key."""
    begun = await begin(context_of(request), address(request), body.key)
    if begun is None:
        raise unauthenticated("the key is unknown, expired, revoked, or an agent's")
    set_cookie(context_of(request), request, response, begun)
    return me_of(begun.principal)


async def begin(context: Context, where: str, key: str) -> Begun | None:
    """Begin a session with a key; None for one that is no good. Whoever fails too often waits."""
    may_try(context.logins, where)
    principal = await context.keyring.of_key(context.door, key)
    if principal is None or principal.agent_id is not None:
        context.logins.failed(where)
        return None
    return await sessions.begin(context.door, principal)


def may_try(logins: Throttle, where: str) -> None:
    """Refuse somebody who has failed to sign in too often."""
    if wait := logins.wait(where):
        raise too_many(wait)


@accounts.delete("/session", status_code=204, summary="Log out")
async def log_out(
    request: Request,
    response: Response,
    principal: Annotated[Principal, Depends(principal_of)],  # noqa: ARG001
) -> None:
    """End the browser's session."""
    await end(context_of(request), request, response)


async def end(context: Context, request: Request, response: Response) -> None:
    """End the session of a request, where it has one."""
    if cookie := request.cookies.get(context.options.cookie):
        await sessions.end(context.door, cookie)
        context.keyring.forget()
    response.delete_cookie(context.options.cookie, path="/")


@pages.get("/login/link", response_class=RedirectResponse, status_code=303, summary="Follow a link")
async def follow_link(
    request: Request, token: Annotated[str, Query(min_length=1, max_length=200)]
) -> Any:
    """Begin a session with the one-time link that the server prints, and go to the first page."""
    context, where = context_of(request), address(request)
    may_try(context.logins, where)
    begun = await sessions.follow_link(context.door, token)
    if begun is None:
        context.logins.failed(where)
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/login?link=old", status_code=303)
        raise unauthenticated("this link was used already, or is too old; start anew for another")
    response = RedirectResponse("/", status_code=303, headers={"Referrer-Policy": "no-referrer"})
    set_cookie(context, request, response, begun)
    return response


def set_cookie(context: Context, request: Request, response: Response, begun: Begun) -> None:
    """Give a browser its session; scripts cannot read it, and other sites cannot use it."""
    response.set_cookie(
        context.options.cookie,
        begun.token,
        max_age=int(sessions.SESSION_LASTS.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
