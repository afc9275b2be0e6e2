from math import log

import pytest

from sojourn.sandbox.search import Index, ndcg, precision
from sojourn.sandbox.world import Document


def document(name: str, words: str) -> Document:
    return Document(name, "wiki", 0, name, tuple(words.split()), None)


DOCUMENTS = [
    document("a", "pump recall pump notice"),
    document("b", "pump travel policy form"),
    document("c", "travel policy travel form"),
]


def found(query: str, k: int = 3) -> list[str]:
    results = Index(DOCUMENTS).search(query.split(), k, lambda _: True)
    return [d.document_id for d in results.documents]


def test_more_of_the_word_ranks_higher() -> None:
    assert found("pump") == ["a", "b"]
    assert found("travel") == ["c", "b"]


def test_a_rare_word_outweighs_a_common_one() -> None:
    assert found("recall form")[0] == "a"


def test_what_has_none_of_the_words_is_not_found() -> None:
    assert found("zebra") == []
    assert found("travel", k=1) == ["c"]


def test_scores_are_those_of_the_formula() -> None:
    results = Index(DOCUMENTS).search(["recall"], 3, lambda _: True)
    assert results.work == 1
    index = Index(DOCUMENTS)
    assert index._rarity(1) == pytest.approx(log(1 + 2.5 / 1.5))
    assert index._postings["pump"][0].weight == pytest.approx(2 * 2.2 / (2 + 1.2))


def test_what_a_person_may_not_see_is_not_shown() -> None:
    results = Index(DOCUMENTS).search(["pump"], 3, lambda d: d.document_id != "a")
    assert [d.document_id for d in results.documents] == ["b"]


def test_an_index_of_some_words_ranks_them_alike() -> None:
    whole, part = Index(DOCUMENTS), Index(DOCUMENTS, {"travel", "form"})
    for query in (["travel"], ["travel", "form"]):
        found = [i.search(query, 3, lambda _: True) for i in (whole, part)]
        assert found[0] == found[1]
    assert part.search(["pump"], 3, lambda _: True).documents == ()


def test_an_empty_index_finds_nothing() -> None:
    assert Index([]).search(["pump"], 3, lambda _: True).documents == ()


def test_precision_counts_empty_places_as_misses() -> None:
    assert precision([True, False, True], 2) == 0.5
    assert precision([True], 5) == 0.2


def test_ndcg_is_one_for_the_best_order_and_less_for_a_worse() -> None:
    assert ndcg([True, True, False], 2, 10) == 1.0
    assert ndcg([False, True, True], 2, 10) == pytest.approx((0.63093 + 0.5) / 1.63093, abs=1e-4)
    assert ndcg([], 0, 10) == 0.0
