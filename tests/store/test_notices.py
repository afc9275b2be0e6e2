from datetime import UTC, datetime, timedelta
from typing import Any

from sojourn.control.routes import Route, row
from sojourn.store import notices
from sojourn.store.postgres import Database
from tests.doors import rows

# Later than any test of this run writes, however long after collection that is.
NOW = datetime.now(UTC) + timedelta(days=1)
LEASE = timedelta(seconds=30)
RAISE = """
INSERT INTO system_alerts (kind, subject, severity, message)
VALUES ('breaker_open', 'an-agent', 'notify', 'it fails')
"""


def routes(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [row(Route(name, ("x", "y"), **more)) for name in names]


async def test_a_notice_is_taken_by_one_and_settled_by_whoever_holds_it(db: Database) -> None:
    async with db.connection() as connection:
        await notices.sync(connection, routes("team"))
        await rows(db, RAISE)
        first, second = await notices.claim(connection, NOW, ["team"], 10, LEASE)
        assert (first["target"], second["target"]) == (0, 1)
        assert (first["message"], first["client_id"]) == ("it fails", None)
        assert await notices.claim(connection, NOW, ["team"], 10, LEASE) == []
        due = await notices.next_due(connection, ["team"])
        assert due == NOW + LEASE, "then another may take it"
        again = await notices.claim(connection, NOW + LEASE, ["team"], 10, LEASE)
        assert [a["attempts"] for a in again] == [2, 2]
        done = {"status": "delivered", "due_at": None, "last_error": ""}
        late = [{"notice_id": first["notice_id"], "attempt": 1, **done}]
        assert await notices.settle(connection, late, NOW) == [], "it is another's by now"
        good = [{"notice_id": a["notice_id"], "attempt": 2, **done} for a in again]
        assert len(await notices.settle(connection, good, NOW)) == 2
        assert await notices.next_due(connection, ["team"]) is None
        assert {n["status"] for n in await notices.log(connection, route="team")} == {"delivered"}
        assert await notices.log(connection, status="failed") == []
        await notices.purge(connection, NOW + timedelta(seconds=1))
        assert await notices.log(connection) == []


async def test_another_process_s_routes_are_left_to_it(db: Database) -> None:
    async with db.connection() as connection:
        await notices.sync(connection, routes("team"))
        await rows(db, RAISE)
        assert await notices.claim(connection, NOW, ["other"], 10, LEASE) == []


async def test_routes_are_as_they_were_declared_last(db: Database) -> None:
    async with db.connection() as connection:
        await notices.sync(connection, routes("a", "b", digest=timedelta(hours=2)))
        assert [
            (r["name"], r["targets"], r["digest"]) for r in await notices.routes(connection)
        ] == [
            ("a", 2, timedelta(hours=2)),
            ("b", 2, timedelta(hours=2)),
        ]
        await notices.sync(connection, routes("b", severities=("page",)))
        [only] = await notices.routes(connection)
        assert (only["name"], only["severities"], only["digest"]) == ("b", ["page"], None)
        await rows(db, RAISE)
        assert await notices.log(connection) == [], "a page is not a notice"


async def test_a_narrowed_route_is_not_told_of_the_installation(db: Database) -> None:
    async with db.connection() as connection:
        await notices.sync(connection, routes("narrow", clients=("acme",)))
        await rows(db, RAISE)
        assert await notices.log(connection) == []
