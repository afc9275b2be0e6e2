from sojourn.api import Options
from sojourn.api.context import Finding
from sojourn.store.postgres import Database
from tests.api.served import Api, serving


async def test_health_tells_the_truth(api: Api) -> None:
    async with api.client(None) as client:
        alive = await client.get("/healthz")
        assert alive.json()["status"] == "ok"
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["parts"]["database"]["ok"]) == (200, True)
        # The API serves without a worker; that there is none is told.
        assert ready.json()["parts"]["workers"] == {"ok": False, "message": "0 live"}
        assert ready.headers["cache-control"] == "no-store"
        await api.door.db.pool.close()
        gone = await client.get("/readyz")
        assert (gone.status_code, gone.json()["status"]) == (503, "unfit")
        assert (await client.get("/healthz")).status_code == 200


async def test_what_runs_beside_it_is_looked_at_too(db: Database) -> None:
    found: list[Finding] = []

    async def probe() -> list[Finding]:
        return found

    async with serving(db, Options(probe=probe)) as api, api.client(None) as client:
        found[:] = [Finding("engine", True, "runs", vital=True), Finding("lease", False, "lost")]
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        assert (alive.status_code, ready.status_code) == (200, 503)
        assert ready.json()["parts"]["lease"] == {"ok": False, "message": "lost"}
        assert list(alive.json()["parts"]) == ["engine"]
        found[:] = [Finding("engine", False, "has ended", vital=True)]
        assert (await client.get("/healthz")).status_code == 503


async def test_a_database_that_is_away_is_a_problem_and_not_a_fault(api: Api) -> None:
    await api.token("viewer")
    assert (await api.get("/journeys", role="viewer")).status_code == 200
    await api.door.db.pool.close()
    gone = await api.get("/journeys", role="viewer")
    assert (gone.status_code, gone.json()["code"]) == (503, "unavailable")
    assert gone.headers["retry-after"] == "2"


async def test_metrics_need_a_key_unless_they_are_public(api: Api, db: Database) -> None:
    await api.start()
    async with api.client(None) as client:
        assert (await client.get("/metrics")).status_code == 401
    async with api.client("client") as client:
        assert (await client.get("/metrics")).status_code == 403
    async with api.client("viewer") as client:
        text = (await client.get("/metrics")).text
    assert 'sojourn_journeys{stage="sandbox"} 1.0' in text
    assert "sojourn_http_requests_total" in text
    async with serving(db, Options(public_metrics=True)) as public, public.client(None) as client:
        assert (await client.get("/metrics")).status_code == 200
