"""A search: ranked documents that a person may see, and how long that took."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter, thread_time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sojourn.sandbox.latency import request_ms, spread
from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.search_service.access import Asked
from sojourn.sandbox.search_service.bodies import SearchBody, Searched
from sojourn.sandbox.search_service.documents import Key, Stored
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.ranking import Found
from sojourn.sandbox.search_service.terms import terms
from sojourn.sandbox.search_service.viewers import Viewer
from sojourn.sandbox.seeds import share

SNIPPET = 160


@dataclass(frozen=True, slots=True)
class Watch:
    """When a request began: by the clock, and by the work that the thread had done."""

    clock: float = field(default_factory=perf_counter)
    work: float = field(default_factory=thread_time)


async def search(asked: Asked, body: SearchBody) -> dict[str, Any]:
    """Return the answer to a search; raises Refused (400, 403, 408, 500)."""
    begun = Watch()
    if asked.email is None:
        raise Refused(403, "a client token acts as somebody: name them in X-Glean-ActAs")
    number = next(asked.service.requests)
    _stumble(asked, number)
    first = _first(body)
    found = _find(asked, body, first + body.page_size)
    took = await _work(asked, body, found.work, begun)
    asked.change("searched", Searched(email=asked.email, request_id=asked.request_id))
    page = found.ranked[first:]
    more = found.matched > first + len(page)
    return {
        "requestID": str(uuid5(NAMESPACE_URL, f"{asked.instance.name}/{number}")),
        "trackingToken": f"search-{number}",
        "backendTimeMillis": round(took * 1000),
        "results": [result(asked.instance, key, number) for key, _ in page],
        "hasMoreResults": more,
        **({"cursor": str(first + len(page))} if more else {}),
    }


def result(instance: Instance, key: Key, number: int) -> dict[str, Any]:
    """Return one result of a search."""
    document = instance.documents[key]
    return {
        "url": document.url,
        "title": document.title,
        "trackingToken": f"search-{number}-{document.document_id}",
        "document": described(document),
        "snippets": [{"mimeType": "text/plain", "text": document.text[:SNIPPET]}],
    }


def described(document: Stored) -> dict[str, Any]:
    """Return a document as answers show it, without its text."""
    source, kind, own = document.key
    metadata: Mapping[str, Any] = {
        "datasource": source,
        "datasourceInstance": source,
        "datasourceId": own,
        "objectType": kind,
        "documentId": document.document_id,
        "indexStatus": {
            "lastCrawledTime": document.uploaded_at,
            "lastIndexedTime": document.indexed_at,
        },
    }
    return {
        "id": document.document_id,
        "datasource": source,
        "docType": kind,
        "title": document.title,
        "url": document.url,
        "metadata": metadata,
    }


def _find(asked: Asked, body: SearchBody, k: int) -> Found[Key]:
    options = body.request_options
    wanted = {*options.datasources_filter, *([options.datasource_filter or ""])} - {""}
    viewer = Viewer(asked.instance, asked.email, asked.at)
    documents = asked.instance.documents

    def shows(key: Key) -> bool:
        return (not wanted or key[0] in wanted) and viewer.sees(documents[key])

    return asked.instance.ranking(asked.at).search(terms(body.query), k, shows)


def _first(body: SearchBody) -> int:
    if body.cursor is None:
        return 0
    if not body.cursor.isascii() or not body.cursor.isdigit() or len(body.cursor) > 9:
        raise Refused(400, f"cursor: {body.cursor!r:.40} is not one of this service")
    return int(body.cursor)


def _stumble(asked: Asked, number: int) -> None:
    """Fail as often as the scenario has it."""
    failing = asked.instance.scenario.amount(Trouble.ERRORS, asked.at, 0.0)
    if share(asked.instance.name, "stumble", number) < failing:
        raise Refused(500, "the search backend has failed")


async def _work(asked: Asked, body: SearchBody, work: int, begun: Watch) -> float:
    """Take as long as an installation with a large corpus would; give up when told to.

    Returns the seconds that it took; where the service is steady, without those for which the
    machine was busy with something else.
    """
    options = asked.service.options
    chance = spread(share(asked.instance.name, "begin"), next(asked.instance.searches))
    wanted = request_ms(work, asked.at, asked.instance.scenario, chance) / 1000 * options.wait
    worked = thread_time() - begun.work
    rest = wanted - (perf_counter() - begun.clock)
    limit = (body.timeout_millis or 1e9) / 1000
    await asyncio.sleep(max(0.0, min(rest, limit)))
    if rest > limit:
        raise Refused(408, f"not done within {body.timeout_millis} ms")
    return max(wanted, worked) if options.steady else perf_counter() - begun.clock
