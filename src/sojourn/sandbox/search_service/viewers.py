"""What one person may see at one moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.search_service.documents import Stored
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.sources import Source


@dataclass(frozen=True, slots=True)
class View:
    """How a person stands to one data source; ``crawled`` is the share that has been crawled."""

    source: Source
    names: Collection[str]
    groups: Collection[str]
    admitted: bool
    leaking: bool
    crawled: float


class Viewer:
    """Says for each document whether a person may see it; nobody in particular has no email."""

    def __init__(self, instance: Instance, email: str | None, at: datetime) -> None:
        """Look at an instance as somebody, at a moment."""
        self._instance = instance
        self._email = email
        self._at = at
        self._views: dict[str, View] = {}

    def sees(self, document: Stored) -> bool:
        """Say whether a document has been crawled and may be seen."""
        view = self.view(document.key[0])
        if not (view.admitted and view.source.crawled(document, self._at, view.crawled)):
            return False
        return view.leaking or document.permissions.allow(view.names, view.groups)

    def view(self, name: str) -> View:
        """Return how the person stands to a data source, worked out once."""
        if name not in self._views:
            self._views[name] = self._look(name)
        return self._views[name]

    def _look(self, name: str) -> View:
        instance = self._instance
        source = instance.source(name)
        people = instance.identities(source)
        groups = people.groups_of(self._email) if self._email else frozenset[str]()
        needed = source.config.product_access_group
        leak = instance.scenario.spell(Trouble.LEAK, self._at, name)
        return View(
            source,
            people.names(self._email),
            groups,
            needed is None or needed in groups,
            leak is not None,
            instance.crawled(name, self._at),
        )
