from datetime import UTC, datetime, timedelta

from sojourn.sandbox.search_service.bodies import ContentBody, DatasourceBody, DocumentBody
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.instance import Instance

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_crawl_reaches_documents_in_their_order_or_a_share_of_them() -> None:
    instance = Instance("medtronic", Clock(), timedelta(minutes=1))
    instance.configure(DatasourceBody(name="jira"))
    source = instance.source("jira")
    text = ContentBody(text_content="pump")
    bodies = [DocumentBody(datasource="jira", id=f"d{n}", body=text) for n in range(10)]
    instance.put(source, bodies, NOON)
    for minutes, share, count in (
        (0, 1.0, 0),
        (3, 1.0, 3),
        (60, 1.0, 10),
        (60, 0.6, 6),
        (3, 0.6, 3),
    ):
        at = NOON + timedelta(minutes=minutes)
        assert len([*source.indexed(at, share)]) == count
