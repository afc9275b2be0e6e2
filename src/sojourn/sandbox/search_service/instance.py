"""One client's instance of the search service: everything that it knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sojourn.sandbox.scenario import Scenario, Trouble
from sojourn.sandbox.search_service.activity import Activity
from sojourn.sandbox.search_service.bodies import DatasourceBody, DocumentBody
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.documents import Key, Stored, stored
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.identities import Identities
from sojourn.sandbox.search_service.ranking import Ranking
from sojourn.sandbox.search_service.sources import Source
from sojourn.sandbox.search_service.terms import terms
from sojourn.sandbox.search_service.tracker import Tracker
from sojourn.sandbox.seeds import share


@dataclass(slots=True)
class Instance:
    """Data sources, people and searches of one client. ``crawl`` is what one document takes."""

    name: str
    clock: Clock
    crawl: timedelta = timedelta(0)
    scenario: Scenario = field(default_factory=Scenario)
    sources: dict[str, Source] = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity)
    records: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    feedback: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    searches: Iterator[int] = field(default_factory=count)
    """Numbers of the searches, by which chance has its part in what each takes."""
    tracker: Tracker = field(init=False)
    documents: dict[Key, Stored] = field(default_factory=dict)
    _ranking: Ranking[Key] = field(default_factory=Ranking)
    _stale: tuple[float, Ranking[Key]] | None = None

    def __post_init__(self) -> None:
        self.tracker = Tracker(self.name)

    def source(self, name: str) -> Source:
        """Return a data source; raises Refused (400)."""
        if name not in self.sources:
            raise Refused(400, f"there is no data source {name!r}; add it with adddatasource")
        return self.sources[name]

    def identities(self, source: Source) -> Identities:
        """Return the people whom a data source knows: its own, or those of the one it names."""
        other = self.sources.get(source.config.identity_datasource_name or "")
        return (other or source).identities

    def configure(self, config: DatasourceBody) -> None:
        """Add a data source, or change its configuration."""
        if config.name in self.sources:
            self.sources[config.name].config = config
        else:
            self.sources[config.name] = Source(config)

    def replace(self, source: Source, bodies: list[DocumentBody], now: datetime) -> None:
        """Let a data source hold these documents and no others."""
        kept = {(b.datasource, b.object_type, b.id) for b in bodies}
        for key in source.documents.keys() - kept:
            self._forget(source, key)
        self.put(source, bodies, now)

    def put(self, source: Source, bodies: list[DocumentBody], now: datetime) -> None:
        """Add documents to a data source, or change them; they are crawled one after the other."""
        for number, body in enumerate(bodies, 1):
            document = stored(body, now, now + number * self.crawl)
            known = source.documents.get(document.key)
            if known is not None and known.indexed_at <= now:  # it can be found all the while
                document = replace(document, indexed_at=known.indexed_at)
            source.documents[document.key] = self.documents[document.key] = document
            self._ranking.put(document.key, terms(f"{document.title}\n{document.text}"))
        source.crawls = [*source.crawls[-9:], (now, now + len(bodies) * self.crawl)]
        self._changed(source)

    def drop(self, source: Source, key: Key) -> None:
        """Forget a document, if it is there."""
        self._forget(source, key)
        self._changed(source)

    def ranking(self, at: datetime) -> Ranking[Key]:
        """Return the index as it is at a time; a stale one holds old contents for some documents."""
        part = self.scenario.amount(Trouble.RELEVANCE, at, 0.0)
        if part <= 0:
            return self._ranking
        if self._stale is None or self._stale[0] != part:
            self._stale = (part, self._aged(part))
        return self._stale[1]

    def crawled(self, source: str, at: datetime) -> float:
        """Return the share of a data source's documents that can be crawled (0 to 1)."""
        spell = self.scenario.spell(Trouble.SYNC, at, source)
        return 1.0 if spell is None else min(spell.amount, 1.0)

    def _aged(self, part: float) -> Ranking[Key]:
        """Return an index in which a share of the documents has the words of others, far away."""
        every = list(self.documents.values())
        aged: Ranking[Key] = Ranking()
        for place, document in enumerate(every):
            old = share("stale", document.key[2]) < part
            shown = every[(place + len(every) // 2) % len(every)] if old else document
            aged.put(document.key, terms(f"{shown.title}\n{shown.text}"))
        return aged

    def _forget(self, source: Source, key: Key) -> None:
        if source.documents.pop(key, None):
            del self.documents[key]
            self._ranking.remove(key)

    def _changed(self, source: Source) -> None:
        source.places = {key: place for place, key in enumerate(source.documents)}
        self._stale = None
