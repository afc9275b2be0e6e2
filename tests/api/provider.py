"""A real OpenID provider on loopback: codes that are good once, PKCE, signed tokens."""

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "sojourn", "client-s3cret"


@dataclass
class Idp:
    """A provider whose one user the test describes; ``bend`` changes a token before it is signed."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    bend: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signed_by: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    deny: bool = False
    exchanges: int = 0

    async def about(self, _request: Request) -> Response:
        names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        urls = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        algorithms = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
        return JSONResponse({"issuer": self.issuer, **urls, **algorithms})

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def auth(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 16
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        given = {"error": "access_denied"} if self.deny else {"code": code}
        return RedirectResponse(
            f"{asked['redirect_uri']}?{urlencode({**given, 'state': asked['state']})}"
        )

    async def token(self, request: Request) -> Response:
        self.exchanges += 1
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        form = {name: value[0] for name, value in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        good = asked and asked["code_challenge"] == proof
        good = good and asked and asked["redirect_uri"] == form["redirect_uri"]
        if not good or asked is None or request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "u-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
            **self.bend,
        }
        key = self.signed_by or self.key
        signed = jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims, key)
        answer = {"access_token": "at", "token_type": "Bearer", "id_token": signed}
        return JSONResponse(answer)


@contextmanager
def provider() -> Iterator[Idp]:
    """Serve a provider on a free port of loopback."""
    idp, bound = Idp(), socket.create_server(("127.0.0.1", 0))
    idp.issuer = f"http://127.0.0.1:{bound.getsockname()[1]}"
    routes = [
        Route("/.well-known/openid-configuration", idp.about),
        Route("/jwks", idp.jwks),
        Route("/auth", idp.auth),
        Route("/token", idp.token, methods=["POST"]),
    ]
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield idp
    finally:
        server.should_exit = True
        thread.join(20)
        bound.close()
