import asyncio

from sojourn.agents.directory import Directory
from sojourn.api import Options, create_app
from sojourn.store.postgres import Database
from tests.api.served import Api, serving
from tests.doors import still_door


async def test_the_engine_runs_while_the_api_serves_and_its_fault_is_not_ours(
    db: Database,
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def engine() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    app = create_app(still_door(db), Directory.load(), engine=engine)
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(began.wait(), 5)
    assert ended.is_set()

    async def broken() -> None:
        raise RuntimeError("broken")

    app = create_app(still_door(db), Directory.load(), engine=broken)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)


async def test_what_is_not_there_and_what_cannot_be_done_there(api: Api) -> None:
    missing = await api.get("/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = await api.ask("DELETE", "/journeys/acme/units")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, POST")
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_other_sites_may_not_ask_unless_they_are_named(api: Api, db: Database) -> None:
    origin = {"Origin": "https://other.example"}
    assert "access-control-allow-origin" not in (await api.get("/session", headers=origin)).headers
    options = Options(cors_origins=("https://other.example",))
    async with serving(db, options) as open_:
        answer = await open_.get("/session", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://other.example"
        stranger = await open_.get("/session", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
