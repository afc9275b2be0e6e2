"""The sandbox's own API: what goes wrong when, what agents remember, and what there is."""

from fastapi import APIRouter, Response

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.search_service import bodies
from sojourn.sandbox.search_service.access import Asked, Steering, answer
from sojourn.sandbox.search_service.failures import Refused

router = APIRouter(prefix="/{instance}/sandbox", tags=["sandbox"])


@router.get("/datasources")
async def datasources(asked: Steering) -> Response:
    """Return the data sources with their configurations."""
    every = [source.config for source in asked.instance.sources.values()]
    return answer([c.model_dump(mode="json", by_alias=True, exclude_none=True) for c in every])


@router.put("/scenario")
async def set_scenario(asked: Steering, body: bodies.ScenarioBody) -> Response:
    """Let the instance be troubled from now on; the shape is that of a call's ``world`` input."""
    return _troubled(asked, "scenario", body)


@router.post("/scenario/spells")
async def add_spells(asked: Steering, body: bodies.ScenarioBody) -> Response:
    """Let more go wrong, in days since the start that is known already."""
    return _troubled(asked, "spells", body)


@router.post("/scenario/mended")
async def mend(asked: Steering, body: bodies.MendedBody) -> Response:
    """End what an agent's work mends."""
    asked.change("mended", body)
    return answer({})


def _troubled(asked: Asked, kind: str, body: bodies.ScenarioBody) -> Response:
    try:
        asked.change(kind, body)
    except BadInput as error:
        raise Refused(422, str(error)) from None
    return answer({})


@router.get("/scenario")
async def get_scenario(asked: Steering) -> Response:
    """Return what troubles the instance."""
    return answer(asked.instance.scenario.written())


@router.get("/records/{kind}")
async def records(asked: Steering, kind: str) -> Response:
    """Return what agents remember of a kind, by name."""
    return answer(asked.instance.records.get(kind, {}))


@router.put("/records/{kind}/{name}")
async def remember(
    asked: Steering, kind: str, name: str, body: bodies.ConfigurationBody
) -> Response:
    """Remember something, in place of what had its name."""
    asked.change("record", bodies.RecordBody(kind=kind, name=name, data=body.values))
    return answer({})


@router.delete("/records/{kind}/{name}")
async def forget(asked: Steering, kind: str, name: str) -> Response:
    """Forget something, if it is there."""
    asked.change("record", bodies.RecordBody(kind=kind, name=name))
    return answer({})


@router.get("/members/{datasource}/{group}")
async def members(asked: Steering, datasource: str, group: str) -> Response:
    """Return the people who are members of a group themselves."""
    people = asked.instance.source(datasource).identities
    return answer(sorted(people.members.get(group, ())))


@router.get("/feedback")
async def feedback(asked: Steering) -> Response:
    """Return all feedback by id; the client API only takes it."""
    return answer(asked.instance.feedback)
