from sojourn.sandbox.search_service.terms import terms


def test_terms_are_stems_without_stop_words_and_punctuation() -> None:
    assert [*terms("The recalls of THE insulin-pump; 2 pumps were recalled!")] == [
        "recal", "insulin", "pump", "2", "pump", "recal",
    ]  # fmt: skip


def test_nothing_is_left_of_stop_words() -> None:
    assert [*terms("the and of it, which are !?")] == []
