from datetime import UTC, datetime

import pytest

from sojourn.sandbox.search_service.bodies import PageBody
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.uploads import KEPT, Uploads

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def page(upload: str, *, first: bool = False, last: bool = False, force: bool = False) -> PageBody:
    return PageBody(
        upload_id=upload, datasource="jira", is_first_page=first, is_last_page=last,
        force_restart_upload=force,
    )  # fmt: skip


def test_items_come_out_when_the_last_page_is_in() -> None:
    uploads: Uploads[int] = Uploads()
    assert uploads.page(page("u", first=True), [1], NOON) is None
    assert uploads.page(page("u"), [2], NOON) is None
    assert uploads.page(page("u", last=True), [3], NOON) == [1, 2, 3]
    assert uploads.active is None


def test_one_upload_at_a_time_unless_forced() -> None:
    uploads: Uploads[int] = Uploads()
    uploads.page(page("u", first=True), [1], NOON)
    with pytest.raises(Refused, match="forceRestartUpload"):
        uploads.page(page("v", first=True), [2], NOON)
    both = page("v", first=True, last=True, force=True)
    assert uploads.page(both, [2], NOON) == [2]
    assert [u.upload_id for u in uploads.history] == ["v"]


def test_pages_of_unknown_uploads_are_refused() -> None:
    uploads: Uploads[int] = Uploads()
    with pytest.raises(Refused, match="isFirstPage"):
        uploads.page(page("u"), [1], NOON)


def test_the_history_is_bounded() -> None:
    uploads: Uploads[int] = Uploads()
    for n in range(30):
        uploads.page(page(f"u{n}", first=True, last=True), [n], NOON)
    assert len(uploads.history) == KEPT
