"""The stream over a real connection: cut, resumed, slow, refused."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from sojourn.api import Options
from sojourn.api.feed import Wanted
from sojourn.api.stream import EventStream
from sojourn.control import change
from sojourn.core.commands import HoldJourney, Resume
from tests.api.live import Live, live
from tests.api.served import Api


@pytest.fixture
def served(database_url: str) -> Iterator[Live]:
    with live(database_url, Options(heartbeat=0.2)) as found:
        yield found


def messages(response: httpx.Response) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the id and the data of each message as it comes."""
    number = 0
    for line in response.iter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            yield number, json.loads(line[6:])


def stream(served: Live, role: str = "viewer", headers: Any = None, query: str = "") -> Any:
    token = served.do(served.api.token(role))
    return httpx.stream(
        "GET",
        f"{served.url}/api/v1/events/stream{query}",
        headers={"Authorization": f"Bearer {token}", **(headers or {})},
        timeout=20,
    )


def change_often(served: Live, clients: int, times: int) -> None:
    """Change several journeys at once, each several times."""
    keys = [served.do(served.api.start(f"c{n}")).state.journey_id for n in range(clients)]

    def work(key: Any) -> None:
        for _ in range(times):
            for command in (HoldJourney(actor="ann", reason="x"), Resume(actor="ann")):
                served.do(change(served.api.door, key, command))

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, keys))


def test_nothing_is_lost_or_told_twice_over_many_cut_connections(served: Live) -> None:
    """A reader that is cut off after every few messages misses nothing while others write."""
    writer = threading.Thread(target=change_often, args=(served, 4, 10))
    writer.start()
    seen: list[int] = []
    wanted = 4 * (1 + 2 * 10)
    while len(seen) < wanted:
        place = {"Last-Event-ID": str(seen[-1] if seen else 0)}
        with stream(served, headers=place) as response:
            for number, event in messages(response):
                assert number == event["event_id"]
                seen.append(number)
                if len(seen) % 7 == 0 or len(seen) >= wanted:
                    break
    writer.join()
    listed = served.do(served.api.get("/events?limit=500")).json()["items"]
    assert seen == [e["event_id"] for e in listed][: len(seen)]
    assert len(listed) >= wanted


def test_it_beats_when_nothing_happens(served: Live) -> None:
    with stream(served) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines) == "retry: 2000"
        assert ": still here" in [next(lines) for _ in range(3)]


def test_one_journey_and_some_types_only(served: Live) -> None:
    change_often(served, 2, 1)
    with stream(served, query="?journey=c1&type=journey.held&after=0") as response:
        _, event = next(messages(response))
    assert (event["type"], event["client_id"]) == ("journey.held", "c1")


def test_a_client_hears_of_its_own_journey_only(served: Live) -> None:
    for name in ("rival", "acme"):
        served.do(served.api.start(name))
    with stream(served, "client", query="?after=0") as response:
        _, event = next(messages(response))
    assert event["client_id"] == "acme"


@pytest.mark.parametrize(
    ("role", "query", "headers", "status"),
    [
        ("agent", "", {}, 403),
        ("viewer", "?journey=nobody", {}, 404),
        ("viewer", "", {"Last-Event-ID": "x"}, 400),
        ("viewer", "?colour=red", {}, 422),
    ],
)
def test_what_cannot_be_followed(
    served: Live, role: str, query: str, headers: Any, status: int
) -> None:
    with stream(served, role, headers, query) as response:
        assert response.status_code == status


def test_a_revoked_key_hears_no_more(served: Live) -> None:
    with stream(served) as response:
        lines = response.iter_lines()
        next(lines)
        prefix = served.do(served.api.token("viewer")).split("_")[1]
        served.do(served.api.post(f"/keys/{prefix}/revoke"))
        assert len(list(lines)) < 200


def test_a_reader_that_does_not_read_costs_nobody_else_anything(served: Live) -> None:
    token = served.do(served.api.token("viewer"))
    host, port = served.url.removeprefix("http://").split(":")
    request = f"GET /api/v1/events/stream?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        slow.sendall(request.encode())
        assert slow.recv(12) == b"HTTP/1.1 200"
        begun = time.monotonic()
        with stream(served, query="?after=0") as response:
            change_often(served, 2, 20)
            # Held until it was looked: a generator that nobody holds closes its connection.
            told = messages(response)
            assert len([next(told) for _ in range(80)]) == 80
            assert served.api.app.state.context.feed.followers == 2
        assert time.monotonic() - begun < 20


def test_there_are_only_so_many_readers(database_url: str) -> None:
    with live(database_url, Options(streams=1, heartbeat=0.2)) as served, stream(served) as first:
        lines = first.iter_lines()
        assert next(lines) == "retry: 2000"
        with stream(served) as second:
            assert second.status_code == 503
            assert second.headers["retry-after"] == "10"


def test_a_browser_hears_on_under_whatever_name_its_session_has(database_url: str) -> None:
    options = Options(heartbeat=0.05, cookie="sojourn_session_8123")
    with live(database_url, options) as served, httpx.Client(base_url=served.url) as browser:
        key = served.do(served.api.token("viewer"))
        assert browser.post("/api/v1/session", json={"key": key}).status_code == 201
        with browser.stream("GET", "/api/v1/events/stream", timeout=20) as response:
            lines = response.iter_lines()
            beats = [line for line in (next(lines, None) for _ in range(8)) if line]
        assert beats[1:] == [": still here"] * 3


async def test_a_reader_that_never_reads_is_left(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sojourn.api.stream.PATIENCE", 0.05)
    monkeypatch.setattr("sojourn.api.stream.PARTING", 0.05)

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if not message.get("body", b"").startswith(b"retry") and "status" not in message:
            await never()

    await api.start()
    context = api.app.state.context
    request = Request({"type": "http", "headers": []})
    response = EventStream(context, Wanted(), 0, request)
    await asyncio.wait_for(response({"type": "http"}, never, send), 20)
    assert context.feed.followers == 0
