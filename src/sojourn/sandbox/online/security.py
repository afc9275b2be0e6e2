"""The security scan: probes of what was really installed, as a stranger and as people."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from sojourn.core.outcomes import Completed
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.online.crowd import at_once
from sojourn.sandbox.online.desk import CONNECTORS, Desk, world_of
from sojourn.sandbox.online.directory import judge
from sojourn.sandbox.search_service.access import ACT_AS, NOW
from sojourn.sandbox.search_service.connectors_api import VERSION
from sojourn.sandbox.search_service.tokens import Kind
from sojourn.sandbox.security import (
    CURRENT,
    Configuration,
    found,
    oldest_credential,
    weaknesses,
)
from sojourn.sandbox.world import DEPARTMENTS, World

SERVICE: Final = "search-service"
"""Under this name stand findings about the service as a whole."""
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
HEADERS: Final = {"x-content-type-options": "nosniff", "cache-control": "no-store"}


async def scan(desk: Desk) -> Completed:
    """Try every door of the service and of each connector, and to read what must not be read."""
    known = await desk.backend.records(CONNECTORS)
    named = desk.inputs.names("connectors", ()) if desk.inputs.has("connectors") else ()
    every = [name for name in known if not named or name in named]
    oldest = oldest_credential(desk.inputs)
    findings = [_finding(SERVICE, *fault) async for fault in _service(desk.backend)]
    for place, name in enumerate(every):
        await desk.progress(place / len(every), f"{name} is probed")
        exposed = await leaked(desk, world_of(desk.call.client_id, {name: known[name]}), name)
        faults = weaknesses(await configuration(desk, name), exposed, oldest)
        findings += [_finding(name, *fault) for fault in faults]
    return found(findings)


async def configuration(desk: Desk, connector: str) -> Configuration:
    """Return how a connector is set up, from what it shows and what the service tells of it."""
    backend = desk.backend
    path = f"configure/datasources/{connector}/instances/{connector}"
    answer = await backend.admin("GET", path)
    values = {k: v["value"] for k, v in answer["configuration"]["values"].items()}
    status = await backend.admin("GET", f"datasource/{connector}/credentialstatus")
    headers = await _challenge(backend, connector)
    shown = headers.get("www-authenticate", "").partition(" ")[0].lower()
    made = Configuration(
        connector,
        str(values.get("authMethod")),
        values.get("transport") == "https",
        _version(headers.get(VERSION, "")),
        _age(status, desk.now),
    )
    return replace(made, auth_method="basic") if shown in ("basic", "") else made


async def leaked(desk: Desk, world: World, connector: str) -> int:
    """Return how many documents people are shown who may not see them, one of each department."""
    hidden = {d.document_id: d.department for d in world.source(connector) if d.department}
    probes = [
        partial(
            _shown, desk, connector, department, [k for k, d in hidden.items() if d != department]
        )
        for department in DEPARTMENTS
    ]
    return len({name for every in await at_once(len(DEPARTMENTS), probes) for name in every})


async def _shown(desk: Desk, connector: str, department: str, names: list[str]) -> list[str]:
    """Return which of the documents somebody of a department is shown."""
    body = {"documentSpecs": [{"id": f"{connector}_page_{name}"} for name in names]}
    who = {ACT_AS: judge(desk.call.client_id, department)}
    answer = await desk.backend.ask(Kind.CLIENT, "POST", "getdocuments", body, **who)
    return [key for key, document in answer["documents"].items() if "error" not in document]


async def _service(backend: Backend) -> AsyncIterator[tuple[str, str]]:
    """Yield the severity and the text of everything wrong with the service as a whole."""
    if in_the_clear(backend.url):
        yield "critical", "the service is reached over an unencrypted connection"
    for severity, text, token in (
        ("critical", "anybody may search, without a token", None),
        ("critical", "a forged token is taken", "client..0"),
        (
            "high",
            "a token for indexing may search",
            backend.tokens.of(Kind.INDEXING, backend.instance),
        ),
        ("critical", "another client's token is taken", backend.tokens.of(Kind.CLIENT, "nobody")),
    ):
        if await _let_in(backend, token):
            yield severity, text
    headers = (await backend.http.get(backend.base)).headers
    for name, wanted in HEADERS.items():
        if headers.get(name) != wanted:
            yield "low", f"answers lack the header {name}: {wanted}"


def in_the_clear(url: str) -> bool:
    """Say whether what is sent to a URL can be read on its way."""
    parts = urlsplit(url)
    return parts.scheme != "https" and parts.hostname not in LOOPBACK


async def _let_in(backend: Backend, token: str | None) -> bool:
    headers = {ACT_AS: judge(backend.client, DEPARTMENTS[0])}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    url = f"{backend.base}/rest/api/v1/search"
    answer = await backend.http.post(url, json={"query": "probe"}, headers=headers)
    return answer.is_success


async def _challenge(backend: Backend, connector: str) -> Mapping[str, str]:
    headers = {NOW: backend.now.isoformat()} if backend.now else {}
    return (
        await backend.http.get(f"{backend.base}/connectors/{connector}", headers=headers)
    ).headers


def _age(status: Mapping[str, Any], now: datetime) -> int:
    rotated = status.get("lastRotatedAt")
    return (now - datetime.fromisoformat(rotated)).days if rotated else 10_000


def _version(text: str) -> tuple[int, int]:
    """Return a version as two numbers; one that cannot be read is the oldest of all."""
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, CURRENT[1])


def _finding(connector: str, severity: str, text: str) -> Mapping[str, str]:
    return {"severity": severity, "connector": connector, "finding": text}
