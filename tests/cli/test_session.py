import pytest

from sojourn.app import App
from sojourn.cli import session
from sojourn.control.door import NotFoundError
from sojourn.store.postgres import Database
from tests.cli.terminal import Terminal


def test_work_gets_an_open_application(acme: Terminal) -> None:
    async def work(app: App) -> str:
        shot = await session.look(app.door, "acme")
        assert "builder" in app.agents
        return shot.state.client_id

    assert session.run(work) == "acme"


def test_an_error_comes_through(cli: Terminal) -> None:
    with pytest.raises(NotFoundError):
        session.run(lambda app: session.look(app.door, "nobody"))


def test_a_database_can_be_opened_as_it_is(
    cli: Terminal, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOJOURN_DATABASE_URL", empty_database_url)

    async def tables(db: Database) -> int:
        async with db.connection() as connection:
            query = b"SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            row = await (await connection.execute(query)).fetchone()
        return int(row[0]) if row else -1

    assert session.run_database(tables) == 0


def test_ctrl_c_ends_following_quietly(cli: Terminal) -> None:
    async def work(_: App) -> None:
        raise KeyboardInterrupt

    session.follow(work)
