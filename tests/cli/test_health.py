from collections.abc import Sequence

import httpx

from sojourn.cli.health import Finding, application, told


def asking(found: list[Finding]) -> httpx.AsyncClient:
    async def probe() -> Sequence[Finding]:
        return found

    transport = httpx.ASGITransport(application("1", probe))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_ready_needs_every_part_and_alive_the_vital_ones() -> None:
    found = [Finding("engine", True, "runs", vital=True), Finding("database", False, "away")]
    async with asking(found) as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        assert (alive.status_code, ready.status_code) == (200, 503)
        assert ready.json()["parts"]["database"] == {"ok": False, "message": "away"}
        assert "database" not in alive.json()["parts"]
        assert ready.headers["cache-control"] == "no-store"
        found[:] = [Finding("engine", False, "has ended", vital=True)]
        assert (await client.get("/healthz")).status_code == 503
        found[:] = [Finding("engine", True, "runs", vital=True)]
        assert (await client.get("/readyz")).status_code == 200


def test_nothing_looked_at_is_never_ok() -> None:
    assert told([])["status"] == "unfit"
