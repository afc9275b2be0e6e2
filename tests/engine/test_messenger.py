"""Alerts on their way to people: against a mail server and a receiver that are really there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any, ClassVar

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from sojourn.control import change, start, tick
from sojourn.control.alerts import declare
from sojourn.control.door import Door
from sojourn.control.routes import BadRoutes, Route
from sojourn.core.commands import Cancel
from sojourn.engine.messenger import Messenger
from sojourn.engine.sender import GIVE_UP
from sojourn.paths import load
from sojourn.store import attention
from sojourn.store.postgres import Database
from tests.doors import later, rows, still_door

PATH = load(
    """
name: p
stages:
  - name: sandbox
    target: 2d
    limit: 4d
    exit: { criteria: [{ metric: quality, is: ">= 0.8" }] }
"""
)


class Inbox:
    """A receiver of Apprise's JSON: keeps what it gets, and answers as it is told."""

    def __init__(self, server: HTTPServer) -> None:
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []
        server.expect_request("/in", method="POST").respond_with_handler(self._answer)
        self.url = f"json://127.0.0.1:{server.port}/in"

    def _answer(self, request: Request) -> Response:
        code = self.answers.pop(0) if self.answers else 200
        if code == 200:
            self.got.append(request.get_json())
        return Response(status=code)

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.got]


class Post:
    """A mail server's handler that keeps what is handed in."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 taken"


@pytest.fixture
def inbox(httpserver: HTTPServer) -> Iterator[Inbox]:
    yield Inbox(httpserver)
    httpserver.clear()


@pytest.fixture
async def post() -> AsyncIterator[tuple[Post, int]]:
    handler = Post()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop), "127.0.0.1", 0)
    try:
        yield handler, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


class Office:
    """A messenger whose real time the test sets."""

    made: ClassVar[list["Office"]] = []

    def __init__(self, door: Door, *routes: Route) -> None:
        self.now = datetime.now(UTC) + timedelta(seconds=1)
        self.messenger = Messenger(door, 1.0, routes, "https://s.test/", now=lambda: self.now)
        self.made.append(self)

    async def run(self, **on: float) -> None:
        """Send all that is due after so much more time; no earlier than what the database wrote."""
        self.now = max(self.now, datetime.now(UTC)) + timedelta(**on)
        for _ in range(100):
            rest = await self.messenger.once()
            if self.messenger._running:
                await asyncio.wait(self.messenger._running)
            elif rest > 0:
                return
        raise AssertionError("the messenger never comes to rest")


@pytest.fixture(autouse=True)
async def _closed(db: Database) -> AsyncIterator[None]:
    yield
    while Office.made:
        messenger = Office.made.pop().messenger
        await messenger.close()
        await messenger.drop()


async def late(db: Database, *clients: str, days: float = 2.1) -> Door:
    """Return a door to journeys that are behind their plan."""
    door = still_door(db)
    for client in clients:
        await start(door, PATH, client, "ann", owner="olga")
    while await tick(door):
        pass
    later(door, days=days)
    return door


async def look(door: Door) -> None:
    while await tick(door):
        pass


async def log(db: Database) -> list[tuple[Any, ...]]:
    query = "SELECT route, reason, status, attempts FROM alert_notices ORDER BY created_at, route"
    return await rows(db, query)


async def test_an_alert_says_what_since_when_why_and_what_to_do(db: Database, inbox: Inbox) -> None:
    door = await late(db, "acme")
    office = Office(door, Route("team", (inbox.url,)))
    await office.run()
    await look(door)
    assert inbox.got == []
    await office.run()
    await office.run()
    [told] = inbox.got
    assert told["title"] == "[notify] acme: behind"
    assert told["type"] == "warning"
    first, *lines = told["message"].splitlines()
    assert first == "in sandbox for longer than 2d"
    assert "Number: 2d 2h (limit: at most 2d)" in lines
    assert f"Since: {door.now():%Y-%m-%d %H:%M} UTC" in lines
    assert any(line.startswith("Likely cause: no value of quality since") for line in lines)
    assert {"Do: sojourn explain acme", "Owner: olga"} <= set(lines)
    assert lines[-1].startswith("https://s.test/journeys/")
    assert await log(db) == [("team", "raised", "delivered", 1)]


async def test_mail_arrives_and_each_target_is_told_by_itself(
    db: Database, inbox: Inbox, post: tuple[Post, int]
) -> None:
    handler, port = post
    mail = f"mailto://127.0.0.1:{port}?from=sojourn@s.test&to=ops@s.test&mode=insecure"
    door = await late(db, "acme")
    office = Office(door, Route("both", (mail, inbox.url)))
    inbox.answers = [503]
    await office.run()
    await look(door)
    await office.run()
    [envelope] = handler.mails
    assert envelope.rcpt_tos == ["ops@s.test"]
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["subject"] == "[notify] acme: behind"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert "Do: sojourn explain acme" in plain.get_content()
    assert inbox.got == []
    await office.run(seconds=30)
    assert len(inbox.got) == 1, "the one that failed is tried again"
    assert len(handler.mails) == 1, "the one that took it is not"


async def test_who_is_told_follows_severity_kind_path_and_client(
    db: Database, inbox: Inbox
) -> None:
    door = await late(db, "acme", "beta")

    def route(name: str, **only: Any) -> Route:
        return Route(name, (inbox.url,), **only)

    office = Office(
        door,
        route("pages", severities=("page",)),
        route("rollbacks", kinds=("rollback*",)),
        route("others", paths=("standard",)),
        route("acme", clients=("ac*",)),
    )
    await office.run()
    await look(door)
    await office.run()
    assert [name for name, *_ in await log(db)] == ["acme"]
    later(door, days=2)
    await look(door)
    await office.run()
    assert sorted(name for name, *_ in await log(db)) == ["acme", "acme", "pages", "pages"]
    assert "[page] 2 alerts: 2 page" in inbox.titles, "what comes at once is one message"


async def test_a_digest_gathers_and_leaves_out_what_is_over(db: Database, inbox: Inbox) -> None:
    door = await late(db, "acme", "beta", "gone")
    office = Office(door, Route("daily", (inbox.url,), digest=timedelta(hours=1)))
    await office.run()
    await look(door)
    query = "SELECT journey_id FROM journey_states WHERE client_id = 'gone'"
    [(gone,)] = await rows(db, query)
    await change(door, gone, Cancel(actor="ann", reason="over"))
    await office.run()
    assert inbox.got == [], "not before the interval is over"
    await office.run(hours=1)
    assert inbox.titles == ["[notify] 2 alerts: 2 notify"]
    assert "gone" not in inbox.got[0]["message"]
    done = sorted(status for _, _, status, _ in await log(db))
    assert done == ["delivered", "delivered", "dropped"]


async def test_what_nobody_acknowledges_escalates_once(db: Database, inbox: Inbox) -> None:
    door = await late(db, "acme", "beta")
    half = timedelta(minutes=30)
    team = Route("team", (inbox.url,), escalate_after=half, escalate_to="boss")
    boss = Route("boss", (inbox.url,), severities=())
    office = Office(door, team, boss)
    await office.run()
    await look(door)
    await office.run()
    async with db.connection() as connection:
        [one, _] = await attention.list_alerts(connection, open=True)
        key, now = one["journey_id"], door.now()
        assert await attention.acknowledge(
            connection, key, one["alert_id"], "ann", now, owner="ann"
        )
    await office.run(minutes=29)
    assert len(await log(db)) == 2
    await office.run(minutes=2)
    await office.run(hours=9)
    *_, last = await log(db)
    assert last == ("boss", "escalated", "delivered", 1)
    assert len(await log(db)) == 3
    assert "Nobody has acknowledged this in time." in inbox.got[-1]["message"]
    assert one["client_id"] not in inbox.titles[-1]


async def test_what_was_put_off_is_told_again_when_that_ends(db: Database, inbox: Inbox) -> None:
    door = await late(db, "acme")
    office = Office(door, Route("team", (inbox.url,)))
    await office.run()
    await look(door)
    await office.run()
    async with db.connection() as connection:
        [one] = await attention.list_alerts(connection, open=True)
        until = door.now() + timedelta(hours=5)
        key, who = one["journey_id"], "ann"
        await attention.acknowledge(connection, key, one["alert_id"], who, door.now(), until)
    later(door, hours=4)
    await office.run()
    assert len(inbox.got) == 1
    later(door, hours=1)
    await office.run()
    await office.run()
    assert len(inbox.got) == 2
    assert "This was put off until now, and still lasts." in inbox.got[1]["message"]
    async with db.connection() as connection:
        [again] = await attention.list_alerts(connection, open=True)
    assert (again["acknowledged_by"], again["snoozed_until"]) == (None, None)


async def test_a_route_that_fails_for_a_day_is_given_up_and_told_by_others(
    db: Database, inbox: Inbox
) -> None:
    door = await late(db, "acme")
    dead = Route("dead", ("json://127.0.0.1:1/in",), kinds=("behind",))
    good = Route("good", (inbox.url,), kinds=("route_failed",))
    office = Office(door, dead, good)
    await office.run()
    await look(door)
    await office.run()
    [(_, _, status, attempts)] = await log(db)
    assert (status, attempts) == ("pending", 1)
    office.now += GIVE_UP
    await office.run()
    assert ("dead", "raised", "failed", 2) in await log(db)
    await office.run(seconds=1)
    assert inbox.titles == ["[notify] Sojourn: route failed"]
    assert "Do: sojourn alert test dead" in inbox.got[0]["message"]
    assert inbox.got[0]["message"].endswith("https://s.test/alerts")


async def test_a_measurement_that_swings_is_told_once(db: Database, inbox: Inbox) -> None:
    from sojourn.control import Line, record_lines

    door = await late(db, "acme", days=0.1)
    office = Office(door, Route("team", (inbox.url,), kinds=("source_error",)))
    await office.run()
    for value, error in ((None, "timeout"), (0.9, None), (None, "timeout")):
        later(door, minutes=2)
        line = Line("acme", "quality", value, error=error) if error else Line("acme", "other", 1.0)
        await record_lines(door, [line], "ann")
        await look(door)
        await office.run()
    assert inbox.titles == ["[notify] acme: source error"]


async def test_a_route_declared_no_more_sends_nothing(db: Database, inbox: Inbox) -> None:
    door = await late(db, "acme")
    await declare(door, [Route("old", (inbox.url,))])
    await look(door)
    assert await log(db) == [("old", "raised", "pending", 0)]
    office = Office(door, Route("new", (inbox.url,)))
    await office.run()
    assert await log(db) == [("old", "raised", "dropped", 0)]
    assert inbox.got == []


def test_a_url_that_no_service_takes_is_refused_without_being_shown(db: Database) -> None:
    with pytest.raises(BadRoutes) as refused:
        Messenger(still_door(db), 1.0, [Route("team", ("nosuch://s3cret@host",))])
    assert str(refused.value) == ("routes.team.urls.0: no service takes this URL (nosuch://…)")
