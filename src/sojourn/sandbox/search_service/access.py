"""Who asks, of which instance, at what time: read from the path and the headers of a request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Request, Response

from sojourn.sandbox.search_service.bodies import Body
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.service import Service
from sojourn.sandbox.search_service.tokens import Kind

NOW: Final = "x-sandbox-now"
"""The header in which a caller says what time it is for them."""
ACT_AS: Final = "x-glean-actas"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that may be answered; ``email`` is whom it acts as, None for nobody."""

    service: Service
    instance: Instance
    at: datetime
    email: str | None
    request_id: str | None

    def change(self, kind: str, body: Body) -> None:
        """Change the instance; raises Refused."""
        self.service.change(self.instance, kind, body, self.at)


def allowed(*kinds: Kind) -> Callable[[Request], Awaitable[Asked]]:
    """Return a dependency that lets tokens of some kinds through; it raises Refused (401, 403)."""

    async def asked(request: Request) -> Asked:
        service: Service = request.app.state.service
        instance = service.instance(request.path_params["instance"])
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = service.tokens.known(token.strip(), instance.name)
        if scheme.lower() != "bearer" or known is None:
            raise Refused(401, "a bearer token of this instance is needed")
        if known.kind not in kinds:
            raise Refused(403, f"this needs a token for {' or '.join(kinds)}, not {known.kind}")
        email = known.email or request.headers.get(ACT_AS)
        request_id = request.headers.get("x-request-id")
        return Asked(service, instance, moment(request, instance), email, request_id)

    return asked


def moment(request: Request, instance: Instance) -> datetime:
    """Return the time of a request: what the caller says, or what the instance's clock shows."""
    said = request.headers.get(NOW)
    if said is None:
        return instance.clock.now()
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise Refused(400, f"{NOW}: must be an ISO 8601 instant, not {said!r:.40}") from None
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    instance.clock.tell(at)
    return at


def answer(body: Any, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(body), status, media_type="application/json")


Indexing = Annotated[Asked, Depends(allowed(Kind.INDEXING))]
Searching = Annotated[Asked, Depends(allowed(Kind.CLIENT, Kind.USER))]
Administering = Annotated[Asked, Depends(allowed(Kind.CLIENT))]
Steering = Annotated[Asked, Depends(allowed(Kind.STEERING))]
