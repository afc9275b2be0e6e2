from sojourn.sandbox.words import TOPICS, language, topics


def test_a_scenario_names_its_industry() -> None:
    assert "insulin pump recall" in topics("healthcare_demo")
    assert "credit risk model" in topics("Financial_Services")
    assert topics("anything else") == TOPICS["general"]


def test_every_industry_has_as_many_topics_all_different() -> None:
    assert {len(set(names)) for names in TOPICS.values()} == {24}


def test_the_language_has_no_word_twice() -> None:
    assert len(set(language())) == len(language()) == 2400
