from collections.abc import AsyncIterator

from sojourn.api import Options
from sojourn.store.postgres import Database
from tests.api.served import Api, serving


async def test_every_answer_has_an_id_and_says_how_to_treat_it(api: Api) -> None:
    given = await api.get("/session", headers={"X-Request-Id": "trace-7"})
    assert given.headers["x-request-id"] == "trace-7"
    strange = await api.get("/session", headers={"X-Request-Id": "a b\x7f"})
    assert len(strange.headers["x-request-id"]) == 16
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["cache-control"] == "no-store"


async def test_bodies_are_bounded_whatever_they_announce(db: Database) -> None:
    async with serving(db, Options(body=1000, bulk_body=3000)) as api:
        big = {"client_id": "acme", "metadata": {"x": "y" * 2000}}
        refused = await api.post("/journeys", big)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(5):
                yield b'{"client_id": "' + b"x" * 500

        kind = {"Content-Type": "application/json"}
        unannounced = await api.ask("POST", "/journeys", content=chunks(), headers=kind)
        assert unannounced.status_code == 413
        keyed = await api.post("/journeys", big, headers={"Idempotency-Key": "k"})
        assert keyed.status_code == 413
        bulk = await api.post("/measurements", [{"client": "a" * 150, "metric": "m"}] * 10)
        assert bulk.status_code == 422
        assert (await api.post("/measurements", [{"client": "a" * 3000}])).status_code == 413
