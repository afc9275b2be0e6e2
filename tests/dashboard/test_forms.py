import pytest
from starlette.requests import Request

from sojourn.dashboard import forms
from tests.dashboard.life import ANN, Life
from tests.doors import rows


def request(body: bytes = b"", **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body}

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw, "path": "/"}, receive)


async def test_fields_are_read() -> None:
    assert await forms.read(request(b"reason=a+b%00&seq=4&empty=")) == {
        "reason": "a b",
        "seq": "4",
        "empty": "",
    }


@pytest.mark.parametrize("body", [b"a=" + b"x" * 200_000, b"&".join([b"a=1"] * 50), b"a=\xff\xfe"])
async def test_forms_are_bounded(body: bytes) -> None:
    with pytest.raises(forms.BadFormError):
        await forms.read(request(body))


def test_only_our_own_page_counts() -> None:
    forms.check(request(), ANN, {"csrf": ANN.csrf})
    with pytest.raises(forms.BadFormError):
        forms.check(request(), ANN, {"csrf": "wrong"})
    with pytest.raises(forms.BadFormError):
        forms.check(request(sec_fetch_site="cross-site"), ANN, {"csrf": ANN.csrf})


async def test_every_change_asks_for_it(life: Life) -> None:
    [alert] = await rows(life.story.door.db, "SELECT alert_id FROM alerts LIMIT 1")
    async with life.client() as client:
        for page in (
            "/demo",
            "/logout",
            life.key("acme") + "/hold",
            life.key("acme") + f"/alerts/{alert[0]}",
        ):
            assert (await client.post(page, data={"reason": "x"})).status_code == 400, page
    assert await life.story.events(life.journeys["acme"], "journey.held") == []
