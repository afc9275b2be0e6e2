"""The inverted index: documents come and go one by one, queries are ranked by BM25."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from math import log
from typing import Final, Generic, TypeVar

K1: Final = 1.2
B: Final = 0.75

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Found(Generic[Key]):
    """The best documents with their scores, how many matched, and how many postings that took."""

    ranked: tuple[tuple[Key, float], ...]
    matched: int
    work: int


class Ranking(Generic[Key]):
    """An inverted index ranked by BM25 (k1 = 1.2, b = 0.75) that can be changed at any time."""

    def __init__(self) -> None:
        """Begin empty."""
        self._postings: dict[str, dict[Key, int]] = defaultdict(dict)
        self._lengths: dict[Key, int] = {}
        self._terms: dict[Key, tuple[str, ...]] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def __contains__(self, key: object) -> bool:
        return key in self._lengths

    def put(self, key: Key, terms: Iterable[str]) -> None:
        """Index a document by its terms, in place of what it held before."""
        self.remove(key)
        counts = Counter(terms)
        for term, count in counts.items():
            self._postings[term][key] = count
        self._terms[key] = tuple(counts)
        self._lengths[key] = counts.total()
        self._total += counts.total()

    def remove(self, key: Key) -> None:
        """Forget a document, if it is there."""
        for term in self._terms.pop(key, ()):
            del self._postings[term][key]
            if not self._postings[term]:
                del self._postings[term]
        self._total -= self._lengths.pop(key, 0)

    def search(self, terms: Iterable[str], k: int, shows: Callable[[Key], bool]) -> Found[Key]:
        """Return the ``k`` best documents among those that may be shown; ties keep their order."""
        scores: dict[Key, float] = defaultdict(float)
        mean = self._total / max(len(self._lengths), 1) or 1.0
        work = 0
        for term, times in Counter(terms).items():
            postings = self._postings.get(term, {})
            work += len(postings)
            weight = times * self._rarity(len(postings))
            for key, count in postings.items():
                length = K1 * (1 - B + B * self._lengths[key] / mean)
                scores[key] += weight * count * (K1 + 1) / (count + length)
        shown = [(key, score) for key, score in scores.items() if shows(key)]
        shown.sort(key=lambda found: -found[1])
        return Found(tuple(shown[:k]), len(shown), work)

    def _rarity(self, found: int) -> float:
        return log(1 + (len(self._lengths) - found + 0.5) / (found + 0.5))
