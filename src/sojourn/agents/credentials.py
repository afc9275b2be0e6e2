"""Credentials by the names of environment variables; their values are looked up when needed."""

import os
from collections.abc import AsyncGenerator, Mapping
from time import monotonic
from typing import Final

import httpx
import orjson

from sojourn.agents.guard import origin
from sojourn.agents.spec import OAuth2, SpecAuth

MARGIN: Final = 30.0
"""Seconds before its expiry at which a token is fetched anew."""


class MissingCredential(Exception):
    """A credential that is not to be had; the message names the variable or the server."""


def secret(variable: str) -> str:
    """Return the value of an environment variable; raises :class:`MissingCredential`."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise MissingCredential(f"the environment variable {variable} is not set")
    return value


def static_headers(auth: SpecAuth | None) -> Mapping[str, str]:
    """Return the headers that carry a bearer token or an API key, as they stand now."""
    if auth is None or auth.oauth2 is not None:
        return {}
    if auth.bearer_env is not None:
        return {"Authorization": f"Bearer {secret(auth.bearer_env)}"}
    return {auth.header: secret(auth.env)} if auth.header and auth.env else {}


class Credentials(httpx.Auth):
    """Adds an agent's credentials to requests to the agent's own origins, and to no others."""

    def __init__(self, auth: SpecAuth, url: str) -> None:
        """``url`` is the agent's; what it redirects or refers to elsewhere gets no credentials."""
        self._auth = auth
        self._origins = {origin(known) for known in (url, *auth.origins)}
        self._tokens = Tokens(auth.oauth2) if auth.oauth2 else None

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add headers; a refused OAuth2 token is fetched anew once."""
        if origin(str(request.url)) not in self._origins:
            yield request
            return
        request.headers.update(static_headers(self._auth))
        if self._tokens is None:
            yield request
            return
        if not self._tokens.fresh():
            await self._tokens.take((yield self._tokens.request()))
        response = yield self._tokens.sign(request)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            await self._tokens.take((yield self._tokens.request()))
            yield self._tokens.sign(request)


class Tokens:
    """An OAuth2 client-credentials token, kept until shortly before it expires."""

    def __init__(self, oauth2: OAuth2) -> None:
        """Fetch tokens as the agent's entry says."""
        self._oauth2 = oauth2
        self._token = ""
        self._until = 0.0

    def fresh(self) -> bool:
        """Say whether there is a token that has not expired."""
        return bool(self._token) and monotonic() < self._until

    def request(self) -> httpx.Request:
        """Return the request for a new token."""
        wanted = {"grant_type": "client_credentials"}
        wanted |= {"scope": self._oauth2.scope} if self._oauth2.scope else {}
        pair = httpx.BasicAuth(
            secret(self._oauth2.client_id_env), secret(self._oauth2.client_secret_env)
        )
        request = httpx.Request("POST", self._oauth2.token_url, data=wanted)
        return next(pair.auth_flow(request))

    async def take(self, response: httpx.Response) -> None:
        """Keep the token of an answer; raises :class:`MissingCredential` if there is none."""
        try:
            answer = orjson.loads(await response.aread())
            token, life = answer["access_token"], float(answer.get("expires_in", 300))
        except (ValueError, LookupError, TypeError):
            where = self._oauth2.token_url
            raise MissingCredential(f"{where} gave no token ({response.status_code})") from None
        self._token = str(token)
        self._until = monotonic() + max(life - MARGIN, 1.0)

    @property
    def header(self) -> str:
        """Return the value of the Authorization header."""
        return f"Bearer {self._token}"

    def forget(self) -> None:
        """Drop the token, since it was refused."""
        self._token = ""

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Return the request with the token in it."""
        request.headers["Authorization"] = self.header
        return request
