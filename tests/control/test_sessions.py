from datetime import timedelta
from typing import Any

import pytest

from sojourn.control import keys, sessions
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.store.postgres import Database, DatabaseUnavailable
from tests.doors import rows, still_door


async def test_a_login_link_works_once(db: Database) -> None:
    door = still_door(db)
    token = await sessions.create_link(door, "ann", ["admin"])
    begun = await sessions.follow_link(door, token)
    assert begun is not None
    assert (begun.principal.actor, begun.principal.roles) == ("ann", ("admin",))
    assert await sessions.follow_link(door, token) is None
    assert await sessions.follow_link(door, "other") is None


async def test_a_link_whose_session_could_not_begin_is_good_still(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = still_door(db)
    token = await sessions.create_link(door, "ann", ["admin"])

    async def away(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr("sojourn.store.sessions.add", away)
        with pytest.raises(DatabaseUnavailable):
            await sessions.follow_link(door, token)
    assert await sessions.follow_link(door, token) is not None


async def test_a_link_that_is_too_old_is_used_up_all_the_same(db: Database) -> None:
    door = still_door(db)
    token = await sessions.create_link(door, "ann", ["admin"], timedelta(microseconds=1))
    assert await sessions.follow_link(door, token) is None


async def test_a_session_is_found_until_it_ends(db: Database) -> None:
    door = still_door(db)
    begun = await sessions.begin(door, keys.Principal("ann", ("viewer",)))
    found = await sessions.find(door, begun.token)
    assert found == begun.principal
    assert len(found.csrf) > 30
    assert begun.token not in str(await rows(db, "SELECT s::text FROM sessions s"))
    await sessions.end(door, begun.token)
    assert await sessions.find(door, begun.token) is None


async def test_a_session_runs_out_and_is_forgotten(db: Database) -> None:
    door = still_door(db)
    principal = keys.Principal("ann", ("viewer",))
    short = await sessions.begin(door, principal, timedelta(microseconds=1))
    assert await sessions.find(door, short.token) is None
    await sessions.begin(door, principal)
    assert len(await rows(db, "SELECT 1 FROM sessions")) == 1


async def test_a_session_ends_with_its_key(db: Database) -> None:
    door = still_door(db)
    made = await keys.create(door, "jane", ["client"], "root", client_id="acme")
    principal = await keys.find(door, made.token)
    assert principal is not None
    begun = await sessions.begin(door, principal)
    assert begun.principal.client_id == "acme"
    await keys.revoke(door, made.row["prefix"])
    assert await sessions.find(door, begun.token) is None


async def test_links_and_sessions_of_a_person_are_listed_and_ended(db: Database) -> None:
    door = still_door(db)
    begun = await sessions.begin(door, keys.Principal("ann", ("viewer",)))
    await sessions.create_link(door, "ann", ("viewer",))
    await sessions.create_link(door, "bob", ("viewer",))
    assert [(r["actor"], r["kind"]) for r in await sessions.signed_in(door)] == [
        ("ann", "link"),
        ("ann", "session"),
        ("bob", "link"),
    ]
    assert await sessions.end_all(door, "ann") == 2
    assert await sessions.find(door, begun.token) is None
    assert [r["actor"] for r in await sessions.signed_in(door)] == ["bob"]
    with pytest.raises(NotFoundError, match="not signed in"):
        await sessions.end_all(door, "ann")


@pytest.mark.parametrize(
    ("roles", "lasts", "why"),
    [
        (("client",), timedelta(hours=1), "not for role client"),
        ((), timedelta(hours=1), "a role is needed"),
        (("viewer",), timedelta(days=8), "a week at most"),
    ],
)
async def test_links_that_cannot_be_are_refused(
    db: Database, roles: tuple[str, ...], lasts: timedelta, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        await sessions.create_link(still_door(db), "ann", roles, lasts)
    assert await sessions.signed_in(still_door(db)) == []
