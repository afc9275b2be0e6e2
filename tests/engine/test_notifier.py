"""The outbox and its notifier, against a receiver that is really there."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from werkzeug import Request, Response

from sojourn.control import change, start, webhooks
from sojourn.control.door import Door
from sojourn.core.commands import HoldJourney
from sojourn.engine.notifier import Notifier
from sojourn.engine.sender import GIVE_UP
from sojourn.paths import load
from sojourn.store import attention, deliveries
from sojourn.store import webhooks as store
from sojourn.store.postgres import Database
from tests.doors import rows, still_door
from tests.journeys.small import SMALL


class Receiver:
    """A webhook's receiver: keeps what it gets, and answers as it is told."""

    def __init__(self, server: HTTPServer) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        server.expect_request("/hook").respond_with_handler(self._answer)
        self.url = server.url_for("/hook")

    def _answer(self, request: Request) -> Response:
        self.got.append((dict(request.headers), request.get_data()))
        return Response(status=self.answers.pop(0) if self.answers else 204)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


class Mail:
    """A notifier whose real time the test sets."""

    made: ClassVar[list["Mail"]] = []

    def __init__(self, door: Door, *, private: bool = True) -> None:
        self.now = datetime.now(UTC) + timedelta(seconds=1)
        self.notifier = Notifier(door, 1.0, private=private, now=lambda: self.now)
        self.made.append(self)

    async def run(self) -> None:
        """Send all that is due at this moment."""
        for _ in range(100):
            rest = await self.notifier.once()
            if self.notifier._running:
                await asyncio.wait(self.notifier._running)
            elif rest > 0:
                return
        raise AssertionError("the notifier never comes to rest")


@pytest.fixture(autouse=True)
async def _closed(db: Database) -> AsyncIterator[None]:
    yield
    while Mail.made:
        notifier = Mail.made.pop().notifier
        await notifier.drop()
        await notifier.close()


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Iterator[Receiver]:
    yield Receiver(httpserver)
    httpserver.clear()


async def subscribe(door: Door, url: str, *types: str, **given: Any) -> webhooks.Subscribed:
    return await webhooks.subscribe(door, url, types or ("*",), "ann", private=True, **given)


async def test_an_event_is_signed_numbered_and_delivered_once(
    db: Database, receiver: Receiver
) -> None:
    door = still_door(db)
    made = await subscribe(door, receiver.url, "transition", "journey.*")
    decision = await start(door, load(SMALL), "acme", "ann", facts={"x": 1})
    await change(door, decision.state.journey_id, HoldJourney(actor="ann", reason="why"))
    mail = Mail(door)
    await mail.run()
    await mail.run()
    # Both are sent at once; their numbers say which came first.
    first, held = sorted(receiver.events, key=lambda event: int(event["sequence"]))
    assert first["specversion"] == "1.0"
    assert (first["type"], held["type"]) == ("sojourn.transition", "sojourn.journey.held")
    assert first["data"]["from_stage"] is None
    assert (held["data"]["client_id"], held["data"]["reason"]) == ("acme", "why")
    assert int(held["sequence"]) > int(first["sequence"]) == 1
    for headers, body in receiver.got:
        assert headers["Content-Type"] == "application/cloudevents+json"
        assert Webhook(made.secret).verify(body, headers)
    found = await rows(db, "SELECT status, attempts, last_status FROM deliveries")
    assert found == [("delivered", 1, 204)] * 2


async def test_nothing_is_enqueued_for_what_is_undone_or_not_wanted(
    db: Database, receiver: Receiver
) -> None:
    door = still_door(db)
    await subscribe(door, receiver.url, "rollback.*")
    await subscribe(door, receiver.url, "*", client_id="other")
    await start(door, load(SMALL), "acme", "ann")
    await start(door, load(SMALL), "other", "ann", dry_run=True)
    assert await rows(db, "SELECT 1 FROM deliveries") == []


async def test_a_receiver_that_fails_gets_the_same_message_again(
    db: Database, receiver: Receiver
) -> None:
    door = still_door(db)
    await subscribe(door, receiver.url, "transition")
    await start(door, load(SMALL), "acme", "ann")
    receiver.answers = [500, 302, 204]
    mail = Mail(door)
    await mail.run()
    await mail.run()
    assert len(receiver.got) == 1, "not before its time"
    for _ in range(2):
        mail.now += timedelta(hours=4)
        await mail.run()
    ids = {headers["Webhook-Id"] for headers, _ in receiver.got}
    bodies = {body for _, body in receiver.got}
    assert (len(receiver.got), len(ids), len(bodies)) == (3, 1, 1)
    assert await rows(db, "SELECT status, attempts, last_error FROM deliveries") == [
        ("delivered", 3, "")
    ]
    assert await rows(db, "SELECT failing_since FROM subscriptions") == [(None,)]


async def test_after_a_day_it_is_disabled_and_an_alert_says_so(
    db: Database, receiver: Receiver
) -> None:
    door = still_door(db)
    made = await subscribe(door, receiver.url, "transition", label="crm")
    key = made.row["subscription_id"]
    await start(door, load(SMALL), "acme", "ann")
    receiver.answers = [503] * 100
    mail = Mail(door)
    begun = mail.now
    while (await rows(db, "SELECT active FROM subscriptions")) == [(True,)]:
        await mail.run()
        mail.now += timedelta(minutes=10)
    assert timedelta(hours=16) < mail.now - begun <= GIVE_UP + timedelta(hours=1)
    assert 9 < len(receiver.got) < 25
    async with db.connection() as connection:
        [alert] = await attention.list_alerts(connection, open=True, kind="webhook_disabled")
        assert alert["message"].startswith("crm: deliveries failed for good: answered 503")
        [row] = await store.list_subscriptions(connection, key)
        assert (row["active"], row["failing_since"] is not None) == (False, True)
        await store.switch(connection, key, active=True)
        assert await attention.list_alerts(connection, open=True, kind="webhook_disabled") == []


async def test_a_receiver_that_is_gone_is_disabled_at_once(
    db: Database, receiver: Receiver
) -> None:
    door = still_door(db)
    await subscribe(door, receiver.url, "transition")
    await start(door, load(SMALL), "acme", "ann")
    receiver.answers = [410]
    await Mail(door).run()
    [(active, why)] = await rows(db, "SELECT active, why_inactive FROM subscriptions")
    assert not active
    assert "gone for good" in why


async def test_private_addresses_are_refused_unless_allowed(db: Database) -> None:
    door = still_door(db)
    await subscribe(door, "http://localhost:9/hook", "transition")
    await start(door, load(SMALL), "acme", "ann")
    await Mail(door, private=False).run()
    [(status, why)] = await rows(db, "SELECT status, last_error FROM deliveries")
    assert status == "failed"
    assert "is private" in why


async def test_tests_replays_and_a_rotated_secret(db: Database, receiver: Receiver) -> None:
    door = still_door(db)
    made = await subscribe(door, receiver.url, "transition")
    key = made.row["subscription_id"]
    mail = Mail(door)
    secret = webhooks.new_secret()
    async with db.connection() as connection:
        await deliveries.add_test(connection, key)
        await store.rotate(connection, key, secret)
    await mail.run()
    assert receiver.events[0]["type"] == "sojourn.webhook.test"
    for good in (made.secret, secret):
        assert Webhook(good).verify(receiver.got[0][1], receiver.got[0][0])
    await start(door, load(SMALL), "acme", "ann")
    mail.now += timedelta(seconds=5)
    await mail.run()
    async with db.connection() as connection:
        [sent] = await deliveries.log(connection, key, limit=1)
        await deliveries.replay(connection, key, sent["delivery_id"])
    mail.now += timedelta(seconds=5)
    await mail.run()
    _, first, again_ = receiver.events
    assert first == again_
    ids = [headers["Webhook-Id"] for headers, _ in receiver.got]
    assert len(set(ids)) == 3


async def test_one_that_never_answers_keeps_to_itself(db: Database, receiver: Receiver) -> None:
    door = still_door(db)
    # It takes connections and says nothing.
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    await subscribe(door, f"http://127.0.0.1:{port}/hook", "transition")
    await subscribe(door, receiver.url, "transition")
    for name in "abcdefgh":
        await start(door, load(SMALL), name, "ann")
    mail = Mail(door)
    for _ in range(20):
        await mail.notifier.once()
        await asyncio.sleep(0.05)
        if len(receiver.got) == 8:
            break
    assert len(receiver.got) == 8
    assert len(mail.notifier._running) == 4
    silent.close()


async def test_a_sender_that_died_leaves_nothing_unsent(db: Database, receiver: Receiver) -> None:
    door = still_door(db)
    await subscribe(door, receiver.url, "transition")
    await start(door, load(SMALL), "acme", "ann")
    now = datetime.now(UTC) + timedelta(seconds=1)
    async with db.transaction() as connection:
        assert len(await deliveries.claim(connection, now, 10, 4, timedelta(seconds=60))) == 1
    mail = Mail(door)
    mail.now = now
    await mail.run()
    assert receiver.got == []
    mail.now += timedelta(seconds=61)
    await mail.run()
    assert len(receiver.got) == 1


async def test_a_notifier_that_falls_leaves_no_delivery_and_no_connection(db: Database) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    door = still_door(db)
    await subscribe(door, f"http://127.0.0.1:{silent.getsockname()[1]}/hook", "transition")
    await start(door, load(SMALL), "acme", "ann")
    notifier = Mail(door).notifier
    falling = asyncio.create_task(notifier.run(asyncio.Event()))
    async with asyncio.timeout(20):
        while not notifier._running:
            await asyncio.sleep(0.01)
    falling.cancel()
    await asyncio.wait([falling], timeout=20)
    assert (falling.cancelled(), notifier._running) == (True, set())
    assert notifier._client.is_closed
    silent.close()
