"""Clients of a search service that know its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from sojourn.sandbox.search_service.tokens import Kind, Tokens

PREFIX = {
    Kind.INDEXING: "api/index/v1",
    Kind.CLIENT: "rest/api/v1",
    Kind.USER: "rest/api/v1",
    Kind.STEERING: "sandbox",
}


@dataclass(frozen=True)
class Client:
    """Calls the service with the right tokens."""

    http: httpx.AsyncClient
    url: str
    tokens: Tokens
    name: str = "medtronic"

    async def ask(
        self, kind: Kind, method: str, path: str, body: Any = None, *, status: int = 200,
        email: str | None = None, now: datetime | None = None, **headers: str,
    ) -> Any:  # fmt: skip
        """Return the JSON of an answer; a path that begins with a slash is the whole path."""
        given = {"authorization": f"Bearer {self.tokens.of(kind, self.name)}", **headers}
        given |= {"x-glean-actas": email} if email else {}
        given |= {"x-sandbox-now": now.isoformat()} if now else {}
        url = f"{self.url}/{self.name}/" + (
            path[1:] if path[0] == "/" else f"{PREFIX[kind]}/{path}"
        )
        response = await self.http.request(method, url, json=body, headers=given)
        assert response.status_code == status, response.text
        return response.json()

    async def index(self, path: str, body: Any, **more: Any) -> Any:
        return await self.ask(Kind.INDEXING, "POST", path, body, **more)

    async def client(self, path: str, body: Any, **more: Any) -> Any:
        return await self.ask(Kind.CLIENT, "POST", path, body, **more)

    async def steer(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        return await self.ask(Kind.STEERING, method, path, body, **more)

    async def found(self, query: str, email: str = "ann@x", **more: Any) -> list[str]:
        """Return the data sources' own ids of what somebody finds."""
        answer = await self.client("search", {"query": query}, email=email, **more)
        return [r["document"]["metadata"]["datasourceId"] for r in answer["results"]]

    async def fill(
        self, *documents: Mapping[str, Any], name: str = "jira", now: datetime | None = None
    ) -> None:
        """Add a data source with people and documents."""
        await self.index("adddatasource", {"name": name})
        page = {"uploadId": "u", "datasource": name, "isFirstPage": True, "isLastPage": True}
        people = [{"email": f"{who}@x", "name": who, "userId": who} for who in ("ann", "bob")]
        await self.index("bulkindexusers", {**page, "users": people}, now=now)
        every = [{"datasource": name, **d} for d in documents]
        await self.index("bulkindexdocuments", {**page, "documents": every}, now=now)

    async def trouble(
        self, *spells: Mapping[str, Any], start: str = "2026-03-01T00:00:00Z"
    ) -> None:
        await self.steer("PUT", "scenario", {"start": start, "spells": list(spells)})


def document(name: str, text: str, **permissions: Any) -> dict[str, Any]:
    """Return a document that everybody may see, or those who are named."""
    allowed = permissions or {"allowAllDatasourceUsersAccess": True}
    body = {"mimeType": "text/plain", "textContent": text}
    return {"id": name, "objectType": "page", "body": body, "permissions": allowed}
