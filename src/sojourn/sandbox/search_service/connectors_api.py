"""What an installed connector shows to whoever finds it: its version, and how it asks who is there."""

from fastapi import APIRouter, Request, Response

from sojourn.sandbox.search_service.access import moment
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.service import Service
from sojourn.sandbox.search_service.statuses import configuration

router = APIRouter(prefix="/{instance}/connectors", tags=["connectors"])
VERSION = "x-connector-version"


@router.get("/{datasource}")
async def connector(request: Request, instance: str, datasource: str) -> Response:
    """Refuse everybody, in the way in which the connector was set up to ask for a password."""
    service: Service = request.app.state.service
    known = service.instance(instance)
    if datasource not in known.sources:
        raise Refused(404, "there is no such connector")
    values = configuration(known, datasource, moment(request, known))
    scheme = "Basic" if values.get("authMethod") == "basic" else "Bearer"
    headers = {
        "www-authenticate": f'{scheme} realm="{datasource}"',
        VERSION: str(values.get("version", "unknown")),
    }
    return Response(status_code=401, headers=headers)
