"""The search service as one client has it at one moment: what is indexed, who is served what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from typing import Final

from sojourn.core.outcomes import Call
from sojourn.sandbox.inputs import Inputs
from sojourn.sandbox.scenario import Scenario, Trouble, scenario_of
from sojourn.sandbox.search import Index
from sojourn.sandbox.seeds import share
from sojourn.sandbox.world import (
    Document,
    Query,
    User,
    World,
    allowed,
    relevant,
    world_of,
)

DEPTH: Final = 10
"""How many results a person is served."""


@dataclass(frozen=True, slots=True)
class Served:
    """What one person was served for one query; ``hits`` says which places were relevant."""

    hits: tuple[bool, ...]
    relevant: int
    work: int


@dataclass(frozen=True)
class Installed:
    """A client's search service at one moment of the journey's clock."""

    world: World
    scenario: Scenario
    now: datetime

    @cached_property
    def answers(self) -> "Answers":
        """Return the answers that the service gives in its present state."""
        stale = self.scenario.amount(Trouble.RELEVANCE, self.now, 0.0)
        crawled = tuple(self.crawled(name) for name in self.world.connectors)
        leaking = tuple(name for name in self.world.connectors if self.leaks(name))
        return answers(self.world, stale, crawled, leaking)

    def crawled(self, connector: str) -> float:
        """Return the share of a connector's documents that has been crawled (0 to 1)."""
        spell = self.scenario.spell(Trouble.SYNC, self.now, connector)
        return 1.0 if spell is None else min(spell.amount, 1.0)

    def documents(self, connector: str) -> tuple[int, int]:
        """Return how many documents a connector has, and how many of them are synced."""
        every = self.world.source(connector)
        return len(every), len(_crawled(every, self.crawled(connector)))

    def leaks(self, connector: str) -> bool:
        """Say whether a connector shows its documents to people who may not see them."""
        return self.scenario.spell(Trouble.LEAK, self.now, connector) is not None

    def sees(self, user: User, document: Document) -> bool:
        """Say whether the service would show a document to a person."""
        return allowed(user, document) or self.leaks(document.source)

    def served(self, query: Query, user: User) -> Served:
        """Return what a person is served who asks a query now."""
        return self.answers.to(query, user)

    def answered(self) -> Sequence[Served]:
        """Return what each labelled query's own asker is served now."""
        return [self.served(query, query.user) for query in self.world.queries]


def installed(call: Call, inputs: Inputs) -> Installed:
    """Return the search service that a call is about, at the call's own time."""
    return Installed(world_of(call, inputs), scenario_of(call), moment(call))


def moment(call: Call) -> datetime:
    """Return the journey's time of a call; a call without one happens now."""
    return (call.now or datetime.now(UTC)).astimezone(UTC)


class Answers:
    """What one index serves, by query and department; each answer is worked out once."""

    def __init__(self, world: World, index: Index, leaking: Collection[str]) -> None:
        """Answer from an index; ``leaking`` connectors ignore permissions."""
        self._world = world
        self._index = index
        self._leaking = leaking
        self._known: dict[tuple[int, str], Served] = {}

    def to(self, query: Query, user: User) -> Served:
        """Return what a person is served; people of one department are served the same."""
        key = (query.number, user.department)
        if key not in self._known:
            self._known[key] = self._search(query, user)
        return self._known[key]

    def _search(self, query: Query, user: User) -> Served:
        found = self._index.search(query.words, DEPTH, partial(self._shows, user))
        right = relevant(query, user, self._world.documents)
        hits = tuple(d.document_id in right for d in found.documents)
        return Served(hits, len(right), found.work)

    def _shows(self, user: User, document: Document) -> bool:
        return allowed(user, document) or document.source in self._leaking


@lru_cache(maxsize=128)
def answers(
    world: World, stale: float, crawled: tuple[float, ...], leaking: tuple[str, ...]
) -> Answers:
    """Return the answers of a world's index in a state: stale and crawled shares, 0 to 1."""
    every = [
        document
        for connector, part in zip(world.connectors, crawled, strict=True)
        for document in _crawled(world.source(connector), part)
    ]
    asked = {word for query in world.queries for word in query.words}
    index = Index([_fresh(d, every, n, stale) for n, d in enumerate(every)], asked)
    return Answers(world, index, leaking)


def _crawled(every: Sequence[Document], part: float) -> Sequence[Document]:
    return every[: round(len(every) * part)]


def _fresh(document: Document, every: Sequence[Document], place: int, stale: float) -> Document:
    """Return a document as it is indexed: a stale one under the words of a document far away."""
    if share("stale", document.document_id) >= stale:
        return document
    return replace(document, words=every[(place + len(every) // 2) % len(every)].words)
