from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sojourn.sandbox.search_service.changes import read_body
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.service import Options, Service

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
PAGE = {
    "uploadId": "u", "datasource": "jira", "isFirstPage": True, "isLastPage": True,
    "documents": [{"datasource": "jira", "id": "a", "body": {"mimeType": "t", "textContent": "pump"}}],
}  # fmt: skip


def fill(service: Service) -> None:
    instance = service.instance("medtronic")
    instance.clock.tell(NOON)
    for kind, fields in (
        ("adddatasource", {"name": "jira"}),
        ("bulkindexdocuments", PAGE),
        ("searched", {"email": "ann@x"}),
    ):
        service.change(instance, kind, read_body(kind, fields), NOON)


def test_another_service_finds_everything_in_the_file(tmp_path: Path) -> None:
    options = Options("secret", path=tmp_path / "changes.jsonl")
    fill(Service(options))
    again = Service(options).instance("medtronic")
    assert [d.text for d in again.documents.values()] == ["pump"]
    assert len(again.ranking(NOON).search(["pump"], 1, lambda _: True).ranked) == 1
    assert again.activity.used(NOON - timedelta(days=1), NOON)["ann@x"].searches == 1
    assert again.clock.now() - NOON < timedelta(minutes=1)


def test_a_refused_change_is_not_written_down(tmp_path: Path) -> None:
    options = Options("secret", path=tmp_path / "changes.jsonl")
    service = Service(options)
    with pytest.raises(Refused):
        body = read_body("bulkindexdocuments", PAGE)
        service.change(service.instance("m"), "bulkindexdocuments", body, NOON)
    assert (tmp_path / "changes.jsonl").read_bytes() == b""


def test_instances_do_not_know_each_other() -> None:
    service = Service(Options("secret"))
    fill(service)
    assert not service.instance("siemens").sources
    with pytest.raises(Refused, match="no instance"):
        service.instance("../etc")
