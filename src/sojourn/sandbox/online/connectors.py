"""Connectors: each really indexes what its source holds, and is asked how far it has synced."""

from datetime import timedelta
from typing import Any, Final

from sojourn.core.outcomes import Completed, Needs
from sojourn.sandbox.connectors import (
    AUTH_METHODS,
    installation,
    removal,
    synchronization,
)
from sojourn.sandbox.inputs import Inputs
from sojourn.sandbox.online.backend import Backend, ServiceError
from sojourn.sandbox.online.desk import CONNECTORS, Desk, status
from sojourn.sandbox.online.directory import DIRECTORY, SEARCHERS, ensure, permissions
from sojourn.sandbox.security import dotted, generated
from sojourn.sandbox.world import SCENARIO, SIZES, Document, World, build

QUESTION: Final = "Which authentication method shall the {kind} connector use: {methods}?"


async def install(desk: Desk) -> Completed | Needs:
    """Install the connector of one data source and crawl it; ``action: remove`` takes it away.

    Where no ``auth_method`` is given, a person is asked for one.
    """
    kind = desk.inputs.text("connector_type")
    if desk.inputs.choice("action", ("install", "remove"), "install") == "remove":
        return await _remove(desk, kind)
    if not desk.inputs.data.get("auth_method"):
        return Needs("input", QUESTION.format(kind=kind, methods=", ".join(AUTH_METHODS)))
    method = desk.inputs.choice("auth_method", AUTH_METHODS)
    world = _world(desk, kind)
    await ensure(desk.backend, world)
    await _set_up(desk, kind, method)
    await desk.progress(0.1, f"{kind} is set up")
    await upload(desk.backend, kind, [_document(d, kind) for d in world.source(kind)])
    await desk.progress(0.5, f"{kind} is uploaded")
    synced = await desk.crawled(kind)
    values = {"scenario": world.scenario, "size": world.size}
    await desk.backend.remember(CONNECTORS, kind, values)
    return installation(desk.call, kind, len(world.source(kind)), synced)


async def report(desk: Desk) -> Completed:
    """Report how many connectors have indexed everything that their sources hold."""
    named = desk.inputs.names("connectors", ()) if desk.inputs.has("connectors") else ()
    every = named or (await desk.installed()).connectors
    return synchronization([await _progress(desk, name) for name in every])


async def upload(backend: Backend, datasource: str, documents: list[dict[str, Any]]) -> None:
    """Let a data source hold these documents and no others."""
    await backend.replace("bulkindexdocuments", "documents", datasource, documents)


def document(
    datasource: str, kind: str, name: str, text: str, department: str | None
) -> dict[str, Any]:
    """Return a document as the service takes it."""
    return {
        "datasource": datasource,
        "objectType": kind,
        "id": name,
        "title": f"{datasource} {name}",
        "viewURL": f"https://{datasource}.example/{name}",
        "body": {"mimeType": "text/plain", "textContent": text},
        "permissions": permissions(department),
    }


async def _set_up(desk: Desk, kind: str, method: str) -> None:
    made = generated(desk.call.client_id, kind)
    await desk.backend.index(
        "adddatasource",
        name=kind,
        displayName=kind.title(),
        homeUrl=f"https://{kind}.{desk.backend.instance}.example",
        identityDatasourceName=DIRECTORY,
        productAccessGroup=SEARCHERS,
    )
    values = {"authMethod": method, "version": dotted(made.version), "transport": "https"}
    change = {"configuration": {"values": {k: {"value": v} for k, v in values.items()}}}
    path = f"configure/datasources/{kind}/instances/{kind}"
    await desk.backend.admin("PATCH", path, change)
    before = desk.backend.at(desk.now - timedelta(days=made.rotated_days))
    await before.admin("POST", f"datasource/{kind}/credentials", {"credentials": {"values": {}}})


async def _remove(desk: Desk, kind: str) -> Completed:
    if kind in await desk.backend.sources():
        await upload(desk.backend, kind, [])
    await desk.backend.forget(CONNECTORS, kind)
    return removal(desk.call, kind)


async def _progress(desk: Desk, name: str) -> tuple[int, int]:
    """Return what a source holds and how much of it is indexed."""
    known = (await desk.backend.records(CONNECTORS)).get(name, {})
    world = _world(desk, name, Inputs({**known, **desk.inputs.data}))
    try:
        found = await status(desk.backend, name)
    except ServiceError as error:
        if error.passing:
            raise
        return len(world.source(name)), 0  # the service knows of no such connector
    return len(world.source(name)), found.indexed


def _world(desk: Desk, kind: str, inputs: Inputs | None = None) -> World:
    given = inputs or desk.inputs
    size = given.choice("size", [*SIZES], "medium")
    return build(desk.call.client_id, given.text("scenario", SCENARIO), size, (kind,))


def _document(found: Document, datasource: str) -> dict[str, Any]:
    text = " ".join(found.words)
    return document(datasource, "page", found.document_id, text, found.department)
