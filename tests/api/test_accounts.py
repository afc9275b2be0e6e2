import httpx

from sojourn.control import sessions
from tests.api.served import Api


async def test_the_cookie_is_secure_where_the_connection_is(api: Api) -> None:
    token = await api.token("viewer")
    for scheme, secure in (("http", False), ("https", True)):
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://test") as client:
            begun = await client.post("/api/v1/session", json={"key": token})
        assert ("Secure" in begun.headers["set-cookie"]) is secure
        assert begun.json()["actor"] == "a-viewer"


async def test_an_agents_key_begins_no_session(api: Api) -> None:
    body = {"key": await api.token("agent")}
    assert (await api.post("/session", body, role=None)).status_code == 401


async def test_a_client_who_logs_in_stays_a_client(api: Api) -> None:
    for name in ("acme", "rival"):
        await api.start(name)
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.post("/api/v1/session", json={"key": await api.token("client")})
        assert (await client.get("/api/v1/session")).json()["client_id"] == "acme"
        listed = (await client.get("/api/v1/journeys")).json()["items"]
        assert [j["client_id"] for j in listed] == ["acme"]
        assert (await client.get("/api/v1/journeys/rival")).status_code == 404


async def test_a_session_ends_at_once_with_its_key(api: Api) -> None:
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        token = await api.token("viewer")
        await client.post("/api/v1/session", json={"key": token})
        assert (await client.get("/api/v1/session")).status_code == 200
        await api.post(f"/keys/{token.split('_')[1]}/revoke")
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_link_leads_away_from_its_token(api: Api) -> None:
    token = await sessions.create_link(api.door, "ann", ["admin"])
    async with api.client(None) as client:
        followed = await client.get(f"/login/link?token={token}")
    assert followed.headers["referrer-policy"] == "no-referrer"
    assert token not in followed.headers["location"]
