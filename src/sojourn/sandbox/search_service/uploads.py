"""Bulk uploads in pages: nothing changes until the last page is there, then everything does."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from sojourn.sandbox.search_service.bodies import PageBody
from sojourn.sandbox.search_service.failures import Refused

Item = TypeVar("Item")
KEPT = 10
"""How many uploads a history tells of."""


@dataclass(slots=True)
class Upload:
    """One upload; ``ended_at`` None means that pages are missing."""

    upload_id: str
    begun_at: datetime
    ended_at: datetime | None = None


@dataclass(slots=True)
class Uploads(Generic[Item]):
    """The uploads of one kind of thing for one data source."""

    history: list[Upload] = field(default_factory=list)
    _items: list[Item] = field(default_factory=list)

    def page(self, body: PageBody, items: Iterable[Item], now: datetime) -> list[Item] | None:
        """Take a page; return all items if it was the last. Raises Refused (400, 409)."""
        if body.is_first_page:
            self._begin(body, now)
        current = self.active
        if current is None or current.upload_id != body.upload_id:
            raise Refused(400, f"there is no upload {body.upload_id!r}: begin with isFirstPage")
        self._items += items
        if not body.is_last_page:
            return None
        current.ended_at = now
        done, self._items = self._items, []
        return done

    @property
    def active(self) -> Upload | None:
        """Return the upload of which pages are missing."""
        return self.history[-1] if self.history and self.history[-1].ended_at is None else None

    def _begin(self, body: PageBody, now: datetime) -> None:
        if self.active is not None:
            if not body.force_restart_upload:
                other = self.active.upload_id
                raise Refused(409, f"upload {other!r} has not ended; use forceRestartUpload")
            self.history.pop()
        self._items = []
        self.history = [*self.history[-KEPT + 1 :], Upload(body.upload_id, now)]
