from sojourn.control.keys import Principal
from sojourn.store.postgres import Database
from tests.api.faced import a2a_client, faced, mcp_client, send
from tests.api.served import serving


async def test_both_faces_are_served_beside_the_api(db: Database) -> None:
    async with faced(db) as api:
        await api.start()
        assert (await api.get("/journeys/acme")).status_code == 200
        async with a2a_client(api) as client:
            assert (await send(client, "status acme")).artifacts
        async with mcp_client(api) as tools:
            assert (await tools.list_tools()).tools


async def test_strangers_see_the_card_and_nothing_else(db: Database) -> None:
    async with faced(db) as api, api.client(None) as http:
        assert (await http.get("/.well-known/agent-card.json")).status_code == 200
        for path in ("/a2a", "/a2a/", "/a2a/v1/message:send", "/mcp", "/mcp/"):
            answer = await http.post(path, json={})
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
        assert (await http.get("/a2a/v1/tasks")).status_code == 401
        bad = {"Authorization": "Bearer sojourn_wrong"}
        assert (await http.post("/a2a", json={}, headers=bad)).status_code == 401


async def test_a_guest_is_who_strangers_are_taken_for(db: Database) -> None:
    async with faced(db, Principal("guest", ("viewer",))) as api:
        await api.start()
        async with a2a_client(api, None) as client:
            assert (await send(client, "status acme")).artifacts


async def test_without_the_faces_there_is_only_the_api(db: Database) -> None:
    async with serving(db) as api, api.client() as http:
        for path in ("/a2a", "/mcp"):
            assert (await http.post(path, json={})).status_code == 404
