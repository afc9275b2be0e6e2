"""A data source: its configuration, its documents, the people it knows, and its uploads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sojourn.sandbox.search_service.bodies import DatasourceBody, DocumentBody
from sojourn.sandbox.search_service.documents import Key, Stored
from sojourn.sandbox.search_service.identities import Identities
from sojourn.sandbox.search_service.uploads import Uploads


@dataclass(slots=True)
class Source:
    """One data source of one client.

    ``crawls`` says when each crawl began and ends, ``places`` the order in which it goes.
    """

    config: DatasourceBody
    documents: dict[Key, Stored] = field(default_factory=dict)
    places: dict[Key, int] = field(default_factory=dict)
    uploads: Uploads[DocumentBody] = field(default_factory=Uploads)
    identities: Identities = field(default_factory=Identities)
    crawls: list[tuple[datetime, datetime]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    rotated_at: datetime | None = None

    def indexed(self, at: datetime, crawled: float) -> Iterator[Stored]:
        """Yield what can be found, where a share (0 to 1) of the documents can be crawled."""
        return (d for d in self.documents.values() if self.crawled(d, at, crawled))

    def crawled(self, document: Stored, at: datetime, crawled: float) -> bool:
        """Say whether a crawl that ends after a share of the documents has reached this one."""
        if document.indexed_at > at:
            return False
        return crawled >= 1.0 or self.places[document.key] < round(len(self.places) * crawled)
