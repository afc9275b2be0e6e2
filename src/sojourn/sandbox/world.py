"""A client's world: documents in data sources, people who may see them, questions with answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from random import Random
from typing import Final

from sojourn.core.outcomes import Call
from sojourn.sandbox.inputs import Inputs
from sojourn.sandbox.seeds import rng, seed
from sojourn.sandbox.words import language, topics

CONNECTORS: Final = ("confluence", "sharepoint", "salesforce", "jira", "slack")
"""The data sources of a client for whom none are named."""
DEPARTMENTS: Final = ("sales", "engineering", "support", "finance", "legal", "operations")
SCENARIO: Final = "standard_demo"
TOPICS_PER_SOURCE: Final = 8
RESTRICTED: Final = 0.15
"""The share of documents that one department alone may see."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything: documents per topic and source, labelled queries, people."""

    documents: int
    queries: int
    users: int


SIZES: Final = {
    "small": Size(16, 48, 150),
    "medium": Size(18, 64, 320),
    "large": Size(40, 120, 480),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """What documents are about: words of its own, and some that its neighbours use as well."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a data source; ``department`` None means that everyone may see it."""

    document_id: str
    source: str
    topic: int
    title: str
    words: tuple[str, ...]
    department: str | None


@dataclass(frozen=True, slots=True)
class User:
    """A person of the client. ``bucket`` (0 to 1) decides when the rollout reaches them."""

    user_id: str
    department: str
    bucket: float


@dataclass(frozen=True, slots=True)
class Query:
    """A labelled question: documents on its topic answer it, others do not."""

    number: int
    words: tuple[str, ...]
    topic: int
    user: User


@dataclass(frozen=True)
class World:
    """Everything of one client at one size; the same names make the same world everywhere."""

    client_id: str
    scenario: str
    size: str
    connectors: tuple[str, ...]

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """Return the topics that people of this client write about."""
        return _topics(self.client_id, self.scenario)

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Return the documents of all data sources, source by source."""
        return tuple(d for name in self.connectors for d in self.source(name))

    @cached_property
    def users(self) -> tuple[User, ...]:
        """Return the people of the client."""
        return _users(self.client_id, SIZES[self.size].users)

    @cached_property
    def queries(self) -> tuple[Query, ...]:
        """Return the labelled queries, each on a topic that some data source writes about."""
        covered = sorted({d.topic for d in self.documents})
        chance = rng(self.client_id, self.scenario, "queries")
        return tuple(
            _query(i, self.topics, covered[i % len(covered)], self.users, chance)
            for i in range(SIZES[self.size].queries)
        )

    def source(self, connector: str) -> tuple[Document, ...]:
        """Return the documents of one data source; other sources do not change them."""
        return _source(self.client_id, self.scenario, self.size, connector)

    def users_of(self, percent: float) -> Sequence[User]:
        """Return the people whom a rollout to that many percent reaches, each wave in the next."""
        return [u for u in self.users if u.bucket < percent / 100]


@lru_cache(maxsize=256)
def build(client_id: str, scenario: str, size: str, connectors: tuple[str, ...]) -> World:
    """Return a world; what it holds is made when first looked at, and kept."""
    return World(client_id, scenario, size, connectors)


def world_of(call: Call, inputs: Inputs) -> World:
    """Return the world that a call is about; what it does not name takes the defaults."""
    scenario = inputs.text("scenario", SCENARIO)
    size = inputs.choice("size", [*SIZES], "medium")
    return build(call.client_id, scenario, size, inputs.names("connectors", CONNECTORS))


@lru_cache(maxsize=256)
def _topics(client_id: str, scenario: str) -> tuple[Topic, ...]:
    names = topics(scenario)
    chance = rng(client_id, scenario, "topics")
    own = chance.sample(language(), 9 * len(names))
    shared = [own[9 * i : 9 * i + 3] for i in range(len(names))]
    return tuple(
        Topic(
            name,
            (*name.split(), *own[9 * i + 3 : 9 * i + 9], *shared[i], *shared[i - 1]),
        )
        for i, name in enumerate(names)
    )


@lru_cache(maxsize=256)
def _users(client_id: str, count: int) -> tuple[User, ...]:
    return tuple(_user(client_id, f"user-{i:04d}") for i in range(count))


def _user(client_id: str, user_id: str) -> User:
    number = seed(client_id, user_id)
    return User(user_id, DEPARTMENTS[number % len(DEPARTMENTS)], (number >> 8) / 2**56)


@lru_cache(maxsize=2048)
def _source(client_id: str, scenario: str, size: str, connector: str) -> tuple[Document, ...]:
    every = _topics(client_id, scenario)
    chance = rng(client_id, scenario, size, connector)
    chosen = chance.sample(range(len(every)), TOPICS_PER_SOURCE)
    numbers = range(SIZES[size].documents)
    return tuple(_document(every, topic, n, connector, chance) for topic in chosen for n in numbers)


def _document(
    every: Sequence[Topic], topic: int, number: int, connector: str, chance: Random
) -> Document:
    length = chance.randint(24, 60)
    about = round(length * chance.uniform(0.15, 0.4))
    aside = round(length * chance.uniform(0.0, 0.2))
    other = chance.randrange(len(every))
    words = (
        *_draw(every[topic].words, about, chance),
        *_draw(every[other].words, aside, chance),
        *chance.choices(language(), k=length - about - aside),
    )
    restricted = chance.random() < RESTRICTED
    return Document(
        f"{connector}-{topic:02d}-{number:03d}",
        connector,
        topic,
        f"{every[topic].name} {number + 1}",
        words,
        chance.choice(DEPARTMENTS) if restricted else None,
    )


def _query(
    number: int, every: Sequence[Topic], topic: int, users: Sequence[User], chance: Random
) -> Query:
    words = dict.fromkeys(_draw(every[topic].words, 4, chance))
    return Query(number, tuple(words), topic, chance.choice(users))


def _draw(words: Sequence[str], count: int, chance: Random) -> list[str]:
    return chance.choices(words, cum_weights=_weights(len(words)), k=count)


@lru_cache(maxsize=64)
def _weights(count: int) -> tuple[float, ...]:
    """Return cumulative weights after Zipf: the n-th word is as frequent as 1 / (n + 1)."""
    return tuple(accumulate(1 / (rank + 2) for rank in range(count)))


def relevant(query: Query, asker: User, documents: Sequence[Document]) -> Collection[str]:
    """Return the judgements: ids of the documents on the topic that the asker may see."""
    return {d.document_id for d in documents if d.topic == query.topic and allowed(asker, d)}


def allowed(user: User, document: Document) -> bool:
    """Say whether a person may see a document."""
    return document.department is None or document.department == user.department
