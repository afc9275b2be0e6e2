from datetime import UTC, datetime, timedelta

from sojourn.sandbox.scenario import read
from sojourn.sandbox.search_service.bodies import ContentBody, DatasourceBody, DocumentBody
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.instance import Instance

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def document(name: str, text: str) -> DocumentBody:
    return DocumentBody(datasource="jira", id=name, body=ContentBody(text_content=text))


def instance(crawl: timedelta = timedelta(0)) -> Instance:
    made = Instance("medtronic", Clock(), crawl)
    made.configure(DatasourceBody(name="jira"))
    return made


def found(made: Instance, word: str, at: datetime = NOON) -> list[str]:
    ranked = made.ranking(at).search([word], 10, lambda _: True).ranked
    return [key[2] for key, _ in ranked]


def test_documents_are_replaced_as_a_whole() -> None:
    made = instance()
    source = made.source("jira")
    made.replace(source, [document("a", "pump"), document("b", "pump")], NOON)
    made.replace(source, [document("b", "valv"), document("c", "pump")], NOON)
    assert (found(made, "pump"), found(made, "valv")) == (["c"], ["b"])
    assert len(made.documents) == 2
    made.drop(source, ("jira", "", "b"))
    assert source.places == {("jira", "", "c"): 0}


def test_what_could_be_found_stays_so_while_it_is_crawled_again() -> None:
    made = instance(timedelta(minutes=1))
    source = made.source("jira")
    made.put(source, [document("a", "pump")], NOON)
    later = NOON + timedelta(hours=1)
    made.put(source, [document("a", "pump"), document("b", "pump")], later)
    assert [d.key[2] for d in source.indexed(later, 1.0)] == ["a"]
    assert [d.key[2] for d in source.indexed(later + timedelta(minutes=2), 1.0)] == ["a", "b"]


def test_a_stale_index_holds_the_words_of_others_while_the_spell_lasts() -> None:
    made = instance()
    made.put(made.source("jira"), [document(f"d{n}", f"word{n}") for n in range(10)], NOON)
    made.scenario = read({"start": "2026-03-04T00:00:00Z", "spells": [{"kind": "relevance"}]})
    assert found(made, "word3") == ["d8"]
    assert found(made, "word3", NOON - timedelta(days=1)) == ["d3"]


def test_reconfiguring_keeps_documents() -> None:
    made = instance()
    made.put(made.source("jira"), [document("a", "pump")], NOON)
    made.configure(DatasourceBody(name="jira", home_url="https://x"))
    assert len(made.source("jira").documents) == 1
