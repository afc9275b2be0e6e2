import asyncio

from sojourn.store.postgres import Database
from tests.api.served import Api
from tests.doors import rows

KEY = {"Idempotency-Key": "k-1"}


async def test_a_repeated_request_is_answered_as_the_first_time(api: Api, db: Database) -> None:
    first = await api.post("/journeys", {"client_id": "acme"}, headers=KEY)
    again = await api.post("/journeys", {"client_id": "acme"}, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("location", "etag", "content-type"):
        assert first.headers[name] == again.headers[name]
    assert len(await rows(db, "SELECT 1 FROM journey_states")) == 1


async def test_a_refusal_is_replayed_as_well(api: Api) -> None:
    await api.start()
    first = await api.post("/journeys/acme/promote", headers=KEY)
    again = await api.post("/journeys/acme/promote", headers=KEY)
    assert first.status_code == again.status_code == 409
    assert first.content == again.content
    assert len((await api.get("/journeys/acme/attempts")).json()["items"]) == 1


async def test_a_key_is_good_for_one_request_of_one_person(api: Api) -> None:
    await api.post("/journeys", {"client_id": "acme"}, headers=KEY)
    other = await api.post("/journeys", {"client_id": "beta"}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    elsewhere = await api.post("/journeys?dry_run=true", {"client_id": "acme"}, headers=KEY)
    assert elsewhere.status_code == 422
    somebody = await api.post("/journeys", {"client_id": "beta"}, role="operator", headers=KEY)
    assert somebody.status_code == 201
    for bad in ("", "x" * 256, "a\tb"):
        refused = await api.post("/journeys", {"client_id": "c"}, headers={"Idempotency-Key": bad})
        assert refused.status_code == 400


async def test_of_many_at_once_one_is_carried_out(api: Api, db: Database) -> None:
    async def post() -> int:
        answer = await api.post("/journeys", {"client_id": "acme"}, headers=KEY)
        if answer.status_code == 409:
            assert answer.json()["code"] == "in_flight"
        return answer.status_code

    await api.token("admin")
    found = await asyncio.gather(*(post() for _ in range(8)))
    assert set(found) <= {201, 409}
    assert 201 in found
    assert len(await rows(db, "SELECT 1 FROM journey_states")) == 1


async def test_a_change_whose_answer_was_lost_is_not_made_again(api: Api, db: Database) -> None:
    await api.post("/journeys", {"client_id": "acme"}, headers=KEY)
    lost = "UPDATE idempotency_keys SET status = NULL, body = NULL, busy_until = now()"
    await rows(db, lost)
    again = await api.post("/journeys", {"client_id": "acme"}, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "done_already")


async def test_a_request_that_was_cut_off_before_it_changed_anything_can_be_made_again(
    api: Api, db: Database
) -> None:
    body = {"client_id": "acme", "path": "nothing"}
    await api.post("/journeys", body, headers=KEY)
    await rows(db, "UPDATE idempotency_keys SET status = NULL, done = false, busy_until = now()")
    again = await api.post("/journeys", body, headers=KEY)
    assert again.status_code == 422
    assert "idempotency-replayed" not in again.headers


async def test_a_secret_is_shown_once_and_kept_nowhere(api: Api, db: Database) -> None:
    for path, body in (
        ("/keys", {"actor": "bob", "roles": ["viewer"]}),
        ("/webhooks", {"url": "https://example.com/hook"}),
    ):
        headers = {"Idempotency-Key": path.strip("/")}
        made = await api.post(path, body, headers=headers)
        assert made.status_code == 201
        secret = made.json().get("token") or made.json()["secret"]
        again = await api.post(path, body, headers=headers)
        assert (again.status_code, again.json()["code"]) == (409, "done_already")
        kept = await rows(db, "SELECT convert_from(body, 'UTF8') FROM idempotency_keys")
        assert kept
        assert not any(secret in text for (text,) in kept)
    assert len(await rows(db, "SELECT 1 FROM api_keys WHERE actor = 'bob'")) == 1
    assert len(await rows(db, "SELECT 1 FROM subscriptions")) == 1


async def test_refused_rights_are_not_kept(api: Api, db: Database) -> None:
    refused = await api.post("/journeys", {"client_id": "acme"}, role="viewer", headers=KEY)
    assert refused.status_code == 403
    assert await rows(db, "SELECT 1 FROM idempotency_keys") == []
