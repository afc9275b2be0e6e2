"""Sojourn as an A2A agent: its card, and the protocol's routes over JSON-RPC and HTTP+JSON."""

from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from hashlib import sha256
from http import HTTPStatus
from time import time
from typing import Any, Final

import orjson
from a2a.auth.user import UnauthenticatedUser
from a2a.extensions.common import HTTP_EXTENSION_HEADER, get_requested_extensions
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.response_helpers import build_error_response
from a2a.server.routes import create_jsonrpc_routes, create_rest_routes
from a2a.server.routes.common import ServerCallContextBuilder
from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    HTTPAuthSecurityScheme,
    SecurityRequirement,
    SecurityScheme,
    StringList,
)
from a2a.utils.constants import A2A_JSON_MEDIA_TYPE
from a2a.utils.error_handlers import build_rest_error_payload
from a2a.utils.errors import ContentTypeNotSupportedError
from google.protobuf.json_format import MessageToDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sojourn.api.a2a_handler import CALLER, Handler
from sojourn.api.auth import unauthenticated
from sojourn.api.callers import Caller
from sojourn.api.context import context_of, door_of
from sojourn.api.errands import ERRANDS, Errand
from sojourn.control.keys import Principal

CARD: Final = "/.well-known/agent-card.json"
RPC: Final = "/a2a"
REST: Final = "/a2a/v1"
VERSION: Final = "1.0"
CARD_SECONDS: Final = 300
JSON: Final = "application/json"
MODES: Final = (JSON, "text/plain")
OTHER_KIND: Final = b'"CONTENT_TYPE_NOT_SUPPORTED"'
GRACE: Final = 1.0
"""Seconds that streams have to end when the server stops."""
WhoAsks = Callable[[Request], Principal | None]


def routes(who_asks: WhoAsks, *, version: str, base: str | None = None) -> list[BaseRoute]:
    """Return the routes of the card and of both bindings.

    ``who_asks`` says whose a request is, None for a stranger, who gets the card and nothing else.
    ``base`` is the server's public URL; without it, each request's own.
    """
    begun = formatdate(time(), usegmt=True)
    handler = Handler(card(base or "http://localhost", version))
    build = Contexts(who_asks)
    served = [
        *create_jsonrpc_routes(handler, RPC, build, shutdown_grace_period=GRACE),
        *create_jsonrpc_routes(handler, f"{RPC}/", build, shutdown_grace_period=GRACE),
        *create_rest_routes(handler, build, path_prefix=REST, shutdown_grace_period=GRACE),
    ]

    async def get_card(request: Request) -> Response:
        return card_response(request, card(base or str(request.base_url), version), begun)

    return [Route(CARD, get_card, methods=["GET"]), *(_known(served, who_asks))]


def _known(served: list[Any], who_asks: WhoAsks) -> Iterator[Route]:
    """Yield routes that strangers are refused at; those of tenants are not ours."""
    for route in served:
        if isinstance(route, Route):
            endpoint = guarded(route.endpoint, who_asks)
            yield Route(route.path, endpoint, methods=list(route.methods or ()))


def guarded(endpoint: Callable[..., Any], who_asks: WhoAsks) -> Callable[..., Any]:
    """Return an endpoint that refuses strangers, and labels JSON as the client knows it.

    HTTP+JSON's own media type goes to who asks for it; to others it is JSON.
    """

    async def answer(request: Request) -> Response:
        if who_asks(request) is None:
            raise unauthenticated("an A2A request needs a key")
        if refused := other_kind(request):
            return refused
        response: Response = await endpoint(request)
        known = A2A_JSON_MEDIA_TYPE in request.headers.get("accept", "")
        if not known and response.headers.get("content-type", "").startswith(A2A_JSON_MEDIA_TYPE):
            response.headers["content-type"] = JSON
        return as_specified(response)

    return answer


def as_specified(response: Response) -> Response:
    """Return a refusal of a kind of content with the status of section 5.4; the SDK says 400."""
    if response.status_code != HTTPStatus.BAD_REQUEST or OTHER_KIND not in bytes(response.body):
        return response
    payload = orjson.loads(bytes(response.body))
    payload["error"]["code"] = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return JSONResponse(payload, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def other_kind(request: Request) -> Response | None:
    """Return the refusal of a body that says it is no JSON, in the words of its binding."""
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind in (JSON, A2A_JSON_MEDIA_TYPE):
        return None
    error = ContentTypeNotSupportedError(message=f"{kind:.60} is not supported; send {JSON}")
    if not request.url.path.startswith(REST):
        return JSONResponse(build_error_response(None, error))
    return as_specified(JSONResponse(build_rest_error_payload(error), HTTPStatus.BAD_REQUEST))


class Contexts(ServerCallContextBuilder):
    """Makes the context of a call: who asks, and through which door."""

    def __init__(self, who_asks: WhoAsks) -> None:
        """Ask ``who_asks`` whose a request is."""
        self._who_asks = who_asks

    def build(self, request: Request) -> ServerCallContext:
        """Return the context of a request; refuses a stranger."""
        principal = self._who_asks(request)
        if principal is None:
            raise unauthenticated("an A2A request needs a key")
        caller = Caller(principal, context_of(request), door_of(request), request)
        asked = request.headers.getlist(HTTP_EXTENSION_HEADER)
        return ServerCallContext(
            user=UnauthenticatedUser(),
            state={"headers": dict(request.headers), CALLER: caller},
            requested_extensions=get_requested_extensions(asked),
        )


def card(base: str, version: str) -> AgentCard:
    """Return the card of the agent that is served at a base URL."""
    root = base.rstrip("/")
    bindings = (("JSONRPC", RPC), ("HTTP+JSON", REST))
    return AgentCard(
        name="Sojourn",
        description="Takes client companies from a signed contract to production, stage by stage, "
        "and says which are stuck and why.",
        version=version,
        supported_interfaces=[
            AgentInterface(url=f"{root}{path}", protocol_binding=binding, protocol_version=VERSION)
            for binding, path in bindings
        ],
        capabilities=AgentCapabilities(
            streaming=True, push_notifications=False, extended_agent_card=False
        ),
        security_schemes={
            "key": SecurityScheme(
                http_auth_security_scheme=HTTPAuthSecurityScheme(
                    scheme="bearer", description="An API key: sojourn key create"
                )
            )
        },
        security_requirements=[SecurityRequirement(schemes={"key": StringList()})],
        default_input_modes=MODES,
        default_output_modes=MODES,
        skills=[skill(errand) for errand in ERRANDS.values()],
    )


def skill(errand: Errand) -> AgentSkill:
    """Return an errand as a skill; its description says what its data part holds."""
    fields = errand.takes.model_fields
    needed = [name for name, field in fields.items() if field.is_required()]
    optional = [name for name in fields if name not in needed]
    takes = f'Data: {{"skill": "{errand.name}"' + "".join(f', "{n}": ...' for n in needed) + "}"
    may = f"; optional: {', '.join(optional)}" if optional else ""
    return AgentSkill(
        id=errand.name,
        name=errand.title,
        description=f"{errand.description} {takes}{may}.",
        tags=["onboarding", "changes" if errand.writes else "reads"],
        examples=[errand.example],
    )


def card_response(request: Request, found: AgentCard, begun: str) -> Response:
    """Return a card with what lets clients keep it."""
    document: Mapping[str, Any] = MessageToDict(found)
    body = orjson.dumps(document)
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={CARD_SECONDS}",
        "Last-Modified": begun,
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)
