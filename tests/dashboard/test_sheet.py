import threading
from typing import Any

import pytest

from sojourn.dashboard import asking, home
from sojourn.dashboard.fleet import as_csv
from sojourn.dashboard.sheet import plain, rows_of, sheet
from tests.dashboard.life import Life

PAGE = """
<p>before</p><table><tr><td>another</td></tr></table>
<table id="mine"><caption>Mine</caption><thead><tr><th title="x">Name</th><th>When</th></tr></thead>
<tr><th scope="row"><a href="/a">acme &amp; co</a><small>since <b>May</b></small></th>
<td><time datetime="2026-01-02T03:04:05+00:00">2d ago</time></td></tr>
<tr><td><svg><text>drawn<svg>x</svg></text></svg>1\u202f200<span class="hidden">of mine</span></td>
<td><form><button>Do</button></form>\u2013</td></tr>
<tr><td colspan="2">Nothing else</td></tr></table><p>after</p>
"""


def test_a_table_is_read_as_it_is_shown() -> None:
    assert rows_of(PAGE, "mine") == [
        ["Name", "When"],
        ["acme & co since May", "2026-01-02T03:04:05+00:00"],
        ["1200", "\u2013"],
    ]
    assert rows_of(PAGE, "other") is None
    assert rows_of('<table id="t"></table>', "t") == []


def test_a_sheet_is_a_file() -> None:
    found = sheet(PAGE, "mine")
    assert found is not None
    assert bytes(found.body).decode().splitlines()[2] == "1200,"
    assert found.headers["content-disposition"] == 'attachment; filename="mine.csv"'
    assert sheet(PAGE, "other") is None


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("-0.3", "-0.3"), ("\u2013", ""), ("@x", "'@x"), ("12 d", "12 d")],
)
def test_no_cell_is_a_formula(cell: str, written: str) -> None:
    assert plain(cell) == written


async def test_every_table_of_a_page_is_a_file(life: Life) -> None:
    async with life.client() as client:
        found = await client.get("/alerts?kind=task_failed&csv=all-alerts")
        lines = found.text.splitlines()
        assert lines[0].startswith("Severity,Client,What,Now,Limit,Since,Owner")
        assert ("initech" in lines[1], len(lines)) == (True, 2)
        assert found.headers["content-type"].startswith("text/csv")
        assert (await client.get("/alerts?csv=nothing")).status_code == 404


async def test_a_file_is_made_beside_what_others_wait_for(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []

    def noted(make: Any) -> Any:
        def made(*given: Any) -> Any:
            inside.append(threading.current_thread() is threading.main_thread())
            return make(*given)

        return made

    monkeypatch.setattr(asking, "sheet", noted(sheet))
    monkeypatch.setattr(home, "as_csv", noted(as_csv))
    async with life.client() as client:
        for path in ("/alerts?kind=task_failed&csv=all-alerts", "/journeys.csv"):
            assert "initech" in (await client.get(path)).text
    assert inside == [False, False]
