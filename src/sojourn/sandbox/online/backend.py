"""The search service as an agent sees it: requests with the right tokens, at the journey's time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from time import perf_counter
from typing import Any, Final

import httpx
import orjson

from sojourn.sandbox.installed import DEPTH
from sojourn.sandbox.online.wire import Wire
from sojourn.sandbox.scenario import Scenario, Spell, read
from sojourn.sandbox.search_service.access import ACT_AS, NOW
from sojourn.sandbox.search_service.tokens import Kind, Tokens

PAGE: Final = 100
"""Documents in one page of an upload."""
PATHS: Final = {
    Kind.INDEXING: "api/index/v1",
    Kind.CLIENT: "rest/api/v1",
    Kind.USER: "rest/api/v1",
    Kind.STEERING: "sandbox",
}
TRANSIENT: Final = (408, 409, 429)


class ServiceError(Exception):
    """The service did not do what it was asked; ``passing`` says that it may do so later."""

    def __init__(self, message: str, *, passing: bool) -> None:
        """Say what it answered."""
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found: ids in their data source, and how long it took in milliseconds.

    ``backend_ms`` is what the service measured of itself, ``took_ms`` what passed from asking to
    knowing; on a busy machine the second tells more of the machine.
    """

    ids: tuple[str, ...]
    backend_ms: float
    took_ms: float


@dataclass(frozen=True, slots=True)
class Backend:
    """One client's instance of the service; ``now`` None leaves the time to its own clock.

    Requests go over the wire where there is one.
    """

    http: httpx.AsyncClient
    url: str
    tokens: Tokens
    client: str
    now: datetime | None = None
    wire: Wire | None = None

    @property
    def base(self) -> str:
        """Return the URL of the instance."""
        return f"{self.url}/{self.instance}"

    @property
    def instance(self) -> str:
        """Return the name of the instance, as it stands in URLs."""
        return slug(self.client)

    def at(self, now: datetime | None) -> "Backend":
        """Return the same instance at another time."""
        return replace(self, now=now)

    async def ask(
        self, kind: Kind, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """Return the JSON of an answer; a path that begins with a slash is the whole path.

        Raises :class:`ServiceError`.
        """
        where = path[1:] if path.startswith("/") else f"{PATHS[kind]}/{path}"
        status, text = await self._sent(method, where, body, {**self._headers(kind), **headers})
        if status >= 400:
            raise refusal(status, text.decode(errors="replace"), where)
        return orjson.loads(text)

    async def _sent(
        self, method: str, where: str, body: Any, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        try:
            if self.wire is not None:
                said = b"" if body is None else orjson.dumps(body)
                return await self.wire.ask(method, f"/{self.instance}/{where}", headers, said)
            url = f"{self.base}/{where}"
            response = await self.http.request(method, url, json=body, headers=headers)
        except (httpx.HTTPError, OSError) as error:
            raise _unreached(error) from None
        return response.status_code, response.content

    async def index(self, path: str, **body: Any) -> Any:
        """Call the indexing API."""
        return await self.ask(Kind.INDEXING, "POST", path, body)

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the client API as an administrator."""
        return await self.ask(Kind.CLIENT, method, path, body)

    async def search(
        self,
        text: str,
        email: str,
        sources: Sequence[str] = (),
        *,
        k: int = DEPTH,
        request_id: str = "",
    ) -> Hits:
        """Search as a person; raises :class:`ServiceError`."""
        body: dict[str, Any] = {"query": text, "pageSize": k}
        if sources:
            body["requestOptions"] = {"facetBucketSize": 10, "datasourcesFilter": [*sources]}
        headers = {ACT_AS: email} | ({"x-request-id": request_id} if request_id else {})
        begun = perf_counter()
        answer = await self.ask(Kind.CLIENT, "POST", "search", body, **headers)
        took = (perf_counter() - begun) * 1000
        every = [result["document"]["metadata"]["datasourceId"] for result in answer["results"]]
        return Hits(tuple(every), float(answer["backendTimeMillis"]), took)

    def _headers(self, kind: Kind) -> dict[str, str]:
        given = {"authorization": f"Bearer {self.tokens.of(kind, self.instance)}"}
        return given | ({NOW: self.now.isoformat()} if self.now else {})

    async def replace(
        self, path: str, field: str, datasource: str, items: Sequence[Any], **more: Any
    ) -> None:
        """Upload things that replace all of their kind, in pages, whatever was begun before."""
        pages = [items[n : n + PAGE] for n in range(0, len(items), PAGE)] or [[]]
        named = {"datasource": datasource, "uploadId": f"{field}-{len(items)}", **more}
        if field != "documents":
            pages = [items]
        for place, page in enumerate(pages):
            first, last = place == 0, place == len(pages) - 1
            marks = {"isFirstPage": first, "isLastPage": last, "forceRestartUpload": first}
            await self.index(path, **named, **marks, **{field: page})

    async def records(self, kind: str) -> Mapping[str, Any]:
        """Return what agents remember of a kind, by name."""
        found: Mapping[str, Any] = await self.ask(Kind.STEERING, "GET", f"records/{kind}")
        return found

    async def remember(self, kind: str, name: str, values: Mapping[str, Any]) -> None:
        """Remember something."""
        path = f"records/{kind}/{name}"
        await self.ask(Kind.STEERING, "PUT", path, {"values": dict(values)})

    async def forget(self, kind: str, name: str) -> None:
        """Forget something."""
        await self.ask(Kind.STEERING, "DELETE", f"records/{kind}/{name}")

    async def members(self, datasource: str, group: str) -> list[str]:
        """Return the ids of a group's own members."""
        path = f"members/{datasource}/{group}"
        return list(await self.ask(Kind.STEERING, "GET", path))

    async def sources(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the configurations of all data sources, by name."""
        every = await self.ask(Kind.STEERING, "GET", "datasources")
        return {config["name"]: config for config in every}

    async def scenario(self) -> Scenario:
        """Return what troubles the instance."""
        return read(await self.ask(Kind.STEERING, "GET", "scenario"))

    async def trouble(self, scenario: Scenario) -> None:
        """Let the instance be troubled."""
        await self.ask(Kind.STEERING, "PUT", "scenario", scenario.written())

    async def afflict(self, spell: Spell) -> None:
        """Let one thing more go wrong."""
        body = Scenario(spells=(spell,)).written()
        await self.ask(Kind.STEERING, "POST", "scenario/spells", body)

    async def mended(self, agent: str) -> None:
        """End what work of an agent mends, now."""
        await self.ask(Kind.STEERING, "POST", "scenario/mended", {"agent": agent})


def slug(client: str) -> str:
    """Return a client's name as it can stand in URLs and addresses; a changed one stays unique."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", client).strip("-_")[:60]
    if plain == client:
        return client
    return f"{plain or 'client'}-{blake2b(client.encode(), digest_size=4).hexdigest()}"


def refusal(code: int, said: str, where: str) -> ServiceError:
    """Return the error of an answer that is none."""
    try:
        said = orjson.loads(said)["message"]
    except (ValueError, LookupError, TypeError):
        said = said or "nothing more"
    text = f"the search service answers {code} to {where}: {said:.300}"
    return ServiceError(text, passing=code >= 500 or code in TRANSIENT)


def _unreached(error: Exception) -> ServiceError:
    text = f"the search service is not reached: {type(error).__name__} {error}"
    return ServiceError(text, passing=True)
