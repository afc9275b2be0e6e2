from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import pytest

from sojourn.sandbox.labels import collection
from sojourn.sandbox.search_service.ranking import Ranking
from sojourn.sandbox.search_service.terms import terms

MED = Path(__file__).parents[4] / "shared" / "data" / "med"


def everything(_: object) -> bool:
    return True


def ranking(**texts: str) -> Ranking[str]:
    made: Ranking[str] = Ranking()
    for key, text in texts.items():
        made.put(key, text.split())
    return made


def found(made: Ranking[str], query: str, k: int = 10) -> list[str]:
    return [key for key, _ in made.search(query.split(), k, everything).ranked]


def test_rare_words_and_short_documents_weigh_more() -> None:
    made = ranking(a="pump recall pump", b="pump valve", c="pump recall with much else in it")
    assert found(made, "recall") == ["a", "c"]
    assert found(made, "pump valve")[0] == "b"
    assert found(made, "nothing") == []


def test_only_what_may_be_shown_is_ranked_and_counted() -> None:
    made = ranking(a="pump", b="pump", c="pump")
    result = made.search(["pump"], 1, lambda key: key != "a")
    assert [key for key, _ in result.ranked] == ["b"]
    assert (result.matched, result.work) == (2, 3)


def test_documents_change_and_go_without_a_trace() -> None:
    made = ranking(a="pump recall", b="valve")
    made.put("a", ["valve", "valve"])
    assert found(made, "pump") == []
    assert found(made, "valve") == ["a", "b"]
    made.remove("a")
    made.remove("a")
    fresh = ranking(b="valve")
    assert made.search(["valve"], 5, everything) == fresh.search(["valve"], 5, everything)
    assert len(made) == 1
    assert "a" not in made


def test_an_empty_index_finds_nothing() -> None:
    assert found(Ranking(), "pump") == []


@pytest.mark.skipif(not MED.is_dir(), reason=f"the MED collection is not at {MED}")
def test_real_queries_on_real_texts_rank_as_well_as_the_yardstick() -> None:
    med = collection(MED)
    made: Ranking[str] = Ranking()
    for key, text in med.documents.items():
        made.put(key, terms(text))
    hits = [
        ([key in label.relevant for key in _ranked(made, label.text)], len(label.relevant))
        for label in med.labels
    ]
    assert (len(med.documents), len(hits)) == (1033, 30)
    assert fmean(_average_precision(h, n) for h, n in hits) == pytest.approx(0.521, abs=0.01)
    assert fmean(sum(h[:5]) / 5 for h, _ in hits) == pytest.approx(0.727, abs=0.01)


def _ranked(made: Ranking[str], query: str) -> list[str]:
    return [key for key, _ in made.search(terms(query), 2000, everything).ranked]


def _average_precision(hits: list[bool], relevant: int) -> float:
    places = [place for place, hit in enumerate(hits, 1) if hit]
    return sum(n / place for n, place in enumerate(places, 1)) / relevant


def test_words_asked_twice_weigh_twice() -> None:
    made = ranking(a="pump", b="valve", c="pump", d="other", e="pump")
    scores: Mapping[str, float] = dict(made.search(["pump", "valve"], 9, everything).ranked)
    twice = dict(made.search(["pump", "pump", "valve"], 9, everything).ranked)
    assert twice["a"] == pytest.approx(2 * scores["a"])
    assert twice["b"] == scores["b"]
