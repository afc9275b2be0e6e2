"""Signing in with somebody else's accounts: OpenID Connect, authorization code with PKCE."""

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import structlog
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from fastapi import APIRouter, FastAPI, Request
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from starlette.responses import RedirectResponse, Response

from sojourn.agents.redact import redact
from sojourn.api.accounts import may_try, set_cookie
from sojourn.api.auth import address
from sojourn.api.context import Context, context_of
from sojourn.control import sessions
from sojourn.control.door import RefusedError
from sojourn.control.keys import Principal, check_person

PLACE: Final = "/login/oidc"
BACK: Final = f"{PLACE}/callback"
LASTS: Final = 600
"""Seconds that somebody may take to sign in over there."""
FRESH: Final = 3600.0
"""Seconds for which what the provider says of itself is believed."""
PATIENCE: Final = 10.0
LEEWAY: Final = 60
"""Seconds that two clocks may differ."""
FURTHEST: Final = 1000
"""Characters of an address to go on to: it has to fit into a cookie with the rest."""
log = structlog.get_logger()


class RefusedLogin(Exception):
    """Nobody is signed in; ``code`` says to the login page why, the message goes to the log."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider, and what its claims make of somebody here.

    ``roles`` maps a value of the claim ``claim`` to roles here; ``actor`` is the claim that names
    people in the journal, ``client_claim`` the one that names the client of the role client.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    roles: Mapping[str, tuple[str, ...]]
    name: str = "single sign-on"
    claim: str = "groups"
    actor: str = "email"
    client_claim: str = "client"
    scopes: str = "openid email profile"
    base: str = ""
    """Where browsers reach us; empty is where their request says."""


def parse_roles(text: str) -> dict[str, tuple[str, ...]]:
    """Return ``group=role,role;group=role`` as a mapping; ValueError says what is wrong."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        group, equals, roles = part.rpartition("=")
        named = tuple(r.strip() for r in roles.split(",") if r.strip())
        if not equals or not group.strip() or not named:
            raise ValueError(f"{part!r} must read group=role,role")
        if "agent" in named:
            raise ValueError("people cannot have the role agent")
        try:
            check_person("somebody", named)
        except RefusedError as error:
            raise ValueError(error.refusal.message) from None
        found[group.strip()] = named
    return found


class SignOn:
    """Signs people in with one provider."""

    def __init__(self, provider: Provider, now: Callable[[], float] = monotonic) -> None:
        """``now`` counts the seconds for which what was read is believed."""
        self._provider = provider
        self._now = now
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at = -FRESH

    async def begin(self, base: str, goal: str) -> tuple[str, str]:
        """Return where to send a browser, and the cookie with which it comes back."""
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        metadata = await self._about()
        async with self._client(base) as client:
            url, state = client.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return url, _packed({"state": state, "nonce": nonce, "verifier": verifier, "goal": goal})

    async def finish(
        self, base: str, query: Mapping[str, str], cookie: str
    ) -> tuple[Principal, str]:
        """Return who has come back, and where they wanted to go; raises :class:`RefusedLogin`."""
        kept = _unpacked(cookie)
        if not kept or not _same(query.get("state", ""), kept["state"]):
            raise RefusedLogin("old", "the sign-in was not begun here, or is too old")
        if query.get("iss", self._provider.issuer) != self._provider.issuer:
            raise RefusedLogin("failed", "the answer is another issuer's")
        if "error" in query:
            raise RefusedLogin("denied", redact(f"the provider says {query['error']}"))
        try:
            claims = await self._claims(base, query.get("code", ""), kept)
        except Exception as error:
            # Whatever a provider does, nobody is signed in by it.
            raise _failed(error) from error
        return principal(self._provider, claims), safe(kept["goal"])

    async def _claims(self, base: str, code: str, kept: Mapping[str, str]) -> Mapping[str, Any]:
        metadata = await self._about()
        async with self._client(base) as client:
            token = await client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=kept["verifier"]
            )
        return await self._verified(token, kept["nonce"])

    async def _verified(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        said = self._metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        # A signature that anybody can make proves nothing, whatever is supported.
        sound = [alg for alg in said if alg[:2] in ("RS", "ES", "PS") or alg == "EdDSA"]
        registry = JWSRegistry(algorithms=sound, strict_check_header=False)
        try:
            found = jwt.decode(token["id_token"], await self._known(), registry=registry)
        except Exception:  # noqa: BLE001 -- it may have new keys; with them it is right or wrong
            found = jwt.decode(token["id_token"], await self._known(anew=True), registry=registry)
        own, access = self._provider, token.get("access_token", "")
        options = {"iss": {"values": [own.issuer]}, "aud": {"values": [own.client_id]}}
        given = {"nonce": nonce, "client_id": own.client_id, "access_token": access}
        claims = CodeIDToken(found.claims, found.header, options, given)
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    async def _about(self) -> dict[str, Any]:
        if self._now() - self._read_at >= FRESH:
            url = f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await self._read(url)
            if found.get("issuer") != self._provider.issuer:
                raise RefusedLogin("failed", f"{url} is of another issuer: {found.get('issuer')}")
            self._metadata, self._keys, self._read_at = found, None, self._now()
        return self._metadata

    async def _known(self, *, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            self._keys = KeySet.import_key_set(await self._read(self._metadata["jwks_uri"]))
        return self._keys

    async def _read(self, url: str) -> Any:
        async with self._client("") as client:
            answer = await client.request("GET", url, withhold_token=True)
            answer.raise_for_status()
            return answer.json()

    def _client(self, base: str) -> AsyncOAuth2Client:
        own = self._provider
        return AsyncOAuth2Client(
            own.client_id,
            own.client_secret,
            scope=own.scopes,
            redirect_uri=f"{own.base.rstrip('/') or base}{BACK}",
            code_challenge_method="S256",
            timeout=PATIENCE,
        )


def principal(provider: Provider, claims: Mapping[str, Any]) -> Principal:
    """Return who somebody is here; raises :class:`RefusedLogin` for those who have no role."""
    name = str(claims.get(provider.actor) or claims["sub"])
    # Some providers write it as a text.
    if provider.actor == "email" and str(claims.get("email_verified")).lower() == "false":
        raise RefusedLogin("role", f"the address {name} is not verified")
    groups = claims.get(provider.claim) or ()
    listed = list(groups) if isinstance(groups, list | tuple) else [groups]
    roles = tuple(dict.fromkeys(r for g in listed for r in provider.roles.get(str(g), ())))
    client = str(claims.get(provider.client_claim) or "") if "client" in roles else ""
    if not roles or ("client" in roles and not client):
        raise RefusedLogin("role", f"{name} has no role here by {provider.claim} {listed}")
    try:
        check_person(name, roles)
    except RefusedError as error:
        raise RefusedLogin("role", f"{name}: {error.refusal.message}") from None
    return Principal(name, roles, client_id=client or None)


def safe(goal: str) -> str:
    """Return an address of ours to go on to; anything else is the first page."""
    own = goal.startswith("/") and not goal.startswith("//") and goal.isprintable()
    return goal if own and "\\" not in goal and len(goal) <= FURTHEST else "/"


def _same(given: str, kept: str) -> bool:
    return hmac.compare_digest(given.encode(), kept.encode())


def _failed(error: Exception) -> RefusedLogin:
    return RefusedLogin("failed", redact(f"{type(error).__name__}: {error}"))


def _packed(values: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _unpacked(cookie: str) -> dict[str, str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cookie.encode()))
        return {name: str(found[name]) for name in ("state", "nonce", "verifier", "goal")}
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        return {}


def add_oidc(app: FastAPI, provider: Provider) -> None:
    """Let people sign in with a provider at ``/login/oidc``."""
    sign_on, router = SignOn(provider), APIRouter(tags=["accounts"])

    @router.get(PLACE, include_in_schema=False)
    async def go(request: Request, next: str = "/") -> Response:  # noqa: A002
        """Send a browser to the provider."""
        context = context_of(request)
        may_try(context.logins, address(request))
        try:
            url, cookie = await sign_on.begin(_base(request), safe(next))
        except Exception as error:  # noqa: BLE001 -- a provider that is away is told on the page
            return _refused(request, _failed(error))
        response = RedirectResponse(url, 303)
        _keep(request, response, cookie)
        return response

    @router.get(BACK, include_in_schema=False)
    async def back(request: Request) -> Response:
        """Begin the session of somebody who comes back from the provider."""
        context, query = context_of(request), dict(request.query_params)
        may_try(context.logins, address(request))
        try:
            cookie = request.cookies.get(cookie_of(request), "")
            who, goal = await sign_on.finish(_base(request), query, cookie)
        except RefusedLogin as error:
            context.logins.failed(address(request))
            return _refused(request, error)
        return await _begun(context, request, who, goal)

    app.include_router(router)


async def _begun(context: Context, request: Request, who: Principal, goal: str) -> Response:
    begun = await sessions.begin(context.door, who)
    log.info("signed in", actor=who.actor, roles=who.roles)
    response = RedirectResponse(goal, 303, headers={"Referrer-Policy": "no-referrer"})
    set_cookie(context, request, response, begun)
    response.delete_cookie(cookie_of(request), path=PLACE)
    return response


def _refused(request: Request, error: RefusedLogin) -> Response:
    log.warning("nobody was signed in", why=str(error), code=error.code)
    response = RedirectResponse(f"/login?sso={error.code}", 303)
    response.delete_cookie(cookie_of(request), path=PLACE)
    return response


def _keep(request: Request, response: Response, cookie: str) -> None:
    secure = request.url.scheme == "https"
    name = cookie_of(request)
    response.set_cookie(
        name, cookie, max_age=LASTS, path=PLACE, httponly=True, samesite="lax", secure=secure
    )


def cookie_of(request: Request) -> str:
    """Return the name of the cookie that is kept until somebody comes back."""
    return f"{context_of(request).options.cookie}_oidc"


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
