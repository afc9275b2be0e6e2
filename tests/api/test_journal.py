from sojourn.store.postgres import Database
from tests.api.served import Api
from tests.doors import rows


async def test_a_journeys_events_are_paged_and_proved(api: Api, db: Database) -> None:
    await api.start()
    await api.post("/journeys/acme/hold", {"reason": "x"})
    await api.post("/journeys/acme/resume")
    first = (await api.get("/journeys/acme/events?limit=2")).json()
    rest = (await api.get(f"/journeys/acme/events?cursor={first['next']}")).json()
    numbers = [e["seq"] for e in first["items"] + rest["items"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert first["items"][0]["from_stage"] is None
    after = (await api.get("/journeys/acme/events?after=1&type=journey.held")).json()["items"]
    assert [e["type"] for e in after] == ["journey.held"]
    audit = (await api.get("/journeys/acme/audit")).json()
    assert audit == {"intact": True, "events": len(numbers), "faults": []}
    await rows(db, "ALTER TABLE journey_events DISABLE TRIGGER append_only")
    await rows(db, "UPDATE journey_events SET reason = 'forged' WHERE type = 'journey.held'")
    audit = (await api.get("/journeys/acme/audit")).json()
    assert (audit["intact"], len(audit["faults"])) == (False, 1)


async def test_events_of_all_journeys_come_in_one_order(api: Api) -> None:
    for name in ("acme", "beta"):
        await api.start(name)
    written = 2
    while api.app.state.context.feed.position < written:
        await api.app.state.context.feed._advanced(1.0)
    page = (await api.get("/events?limit=1&type=transition")).json()
    rest = (await api.get(f"/events?type=transition&cursor={page['next']}")).json()
    clients = [e["client_id"] for e in page["items"] + rest["items"]]
    assert clients == ["acme", "beta"]
