import json

from sojourn.api import Options
from sojourn.store.postgres import Database
from tests.api.served import Api, serving
from tests.doors import START, rows

LINES = {"Content-Type": "application/x-ndjson"}


async def test_one_many_and_lines_are_recorded_and_known_the_second_time(api: Api) -> None:
    await api.start()
    at = START.isoformat()
    one = {"client": "acme", "metric": "quality", "value": 0.9, "at": at}
    first = (await api.post("/measurements", one)).json()
    assert (first["measurements"], first["known"]) == (1, 0)
    many = [one, one | {"metric": "findings", "value": 0}]
    second = (await api.post("/measurements", many)).json()
    assert (second["measurements"], second["known"]) == (1, 1)
    text = "\n".join(json.dumps(one | {"value": n, "source": f"s{n}"}) for n in range(3)) + "\n\n"
    third = await api.ask("POST", "/measurements", content=text, headers=LINES)
    assert third.json()["measurements"] == 3
    listed = (await api.get("/journeys/acme/measurements?metric=quality")).json()["items"]
    assert {v["source"] for v in listed} == {"a-admin", "s0", "s1", "s2"}


async def test_one_bad_line_refuses_all_and_is_named(api: Api, db: Database) -> None:
    await api.start()
    good = {"client": "acme", "metric": "quality", "value": 0.9}
    for bad, place in (
        (good | {"value": "high"}, "body[1]"),
        (good | {"client": "nobody"}, "body[1]"),
        (good | {"at": "2026-01-01T00:00:00"}, "body[1].at"),
        (good | {"at": "0001-01-01T00:00:00Z"}, "body[1].at"),
        (good | {"at": "2099-01-01T00:00:00Z"}, "body[1]"),
        (good | {"n": 0}, "body[1].n"),
        (good | {"colour": "red"}, "body[1].colour"),
        ({"client": "acme"}, "body[1].metric"),
    ):
        refused = await api.post("/measurements", [good, bad])
        assert refused.status_code == 422, bad
        assert place in refused.json()["detail"], bad
    assert await rows(db, "SELECT 1 FROM measurements") == []


async def test_what_is_not_json_or_not_allowed(api: Api) -> None:
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b"[1,", "application/json", 400),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{}\n{", "application/x-ndjson", 400),
        (b"a,b", "text/csv", 415),
    ):
        answer = await api.ask(
            "POST", "/measurements", content=content, headers={"Content-Type": kind}
        )
        assert answer.status_code == status, content


async def test_thousands_at_once_and_no_more(db: Database) -> None:
    async with serving(db, Options(bulk_lines=5000)) as api:
        await api.start()
        body = [
            {"client": "acme", "metric": "quality", "value": n, "source": f"s{n}"}
            for n in range(5000)
        ]
        done = await api.post("/measurements", body)
        assert done.json()["measurements"] == 5000
        assert (await api.post("/measurements", [*body, body[0]])).status_code == 413


async def test_a_dry_run_writes_nothing_and_facts_are_events(api: Api, db: Database) -> None:
    await api.start()
    one = {"client": "acme", "metric": "quality", "value": 0.9}
    assert (await api.post("/measurements?dry_run=true", one)).json()["measurements"] == 1
    assert await rows(db, "SELECT 1 FROM measurements") == []
    done = await api.post("/journeys/acme/facts", {"facts": {"contract_signed": True}})
    assert done.json()["facts"] == 1
    found = await api.get("/journeys/acme/events?type=fact.recorded")
    assert found.json()["items"][0]["data"]["name"] == "contract_signed"
