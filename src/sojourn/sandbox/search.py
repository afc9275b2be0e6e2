"""A small search engine: an inverted index ranked by BM25, with permissions."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from math import log, log2
from typing import Final

from sojourn.sandbox.world import Document

K1: Final = 1.2
B: Final = 0.75


@dataclass(frozen=True, slots=True)
class Posting:
    """A word in a document, with what it adds to the document's score but for rarity."""

    number: int
    weight: float


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found, best first, and how many postings it had to look at."""

    documents: tuple[Document, ...]
    work: int


class Index:
    """An inverted index over documents, ranked by BM25 (k1 = 1.2, b = 0.75)."""

    def __init__(self, documents: Sequence[Document], words: Collection[str] | None = None) -> None:
        """Index the documents by their words, or by those words only that will be asked for."""
        self.documents = documents
        self._wanted = words
        self._postings: dict[str, list[Posting]] = defaultdict(list)
        mean = sum(len(d.words) for d in documents) / max(len(documents), 1)
        for number, document in enumerate(documents):
            self._add(number, document, mean)

    def search(self, words: Iterable[str], k: int, may_see: Callable[[Document], bool]) -> Results:
        """Return the ``k`` best documents among those that the person may see."""
        scores: dict[int, float] = defaultdict(float)
        work = 0
        for word in words:
            postings = self._postings.get(word, ())
            work += len(postings)
            rarity = self._rarity(len(postings))
            for posting in postings:
                scores[posting.number] += rarity * posting.weight
        seen = [n for n in scores if may_see(self.documents[n])]
        best = nsmallest(k, seen, key=lambda n: (-scores[n], n))
        return Results(tuple(self.documents[n] for n in best), work)

    def _add(self, number: int, document: Document, mean: float) -> None:
        length = K1 * (1 - B + B * len(document.words) / mean)
        for word, count in Counter(self._kept(document)).items():
            self._postings[word].append(Posting(number, count * (K1 + 1) / (count + length)))

    def _kept(self, document: Document) -> Iterable[str]:
        wanted = self._wanted
        return document.words if wanted is None else (w for w in document.words if w in wanted)

    def _rarity(self, found: int) -> float:
        return log(1 + (len(self.documents) - found + 0.5) / (found + 0.5))


def precision(hits: Sequence[bool], k: int) -> float:
    """Return precision@k: the share of the first ``k`` places that hold a relevant document."""
    return sum(hits[:k]) / k


def ndcg(hits: Sequence[bool], relevant: int, k: int) -> float:
    """Return nDCG@k for binary relevance, with ``relevant`` documents to be found in all."""
    ideal = sum(1 / log2(place + 2) for place in range(min(relevant, k)))
    found = sum(1 / log2(place + 2) for place, hit in enumerate(hits[:k]) if hit)
    return found / ideal if ideal else 0.0
