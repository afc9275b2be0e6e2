from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sojourn.api.a2a import card, skill
from sojourn.api.errands import ERRANDS
from sojourn.store.postgres import Database
from tests.api.faced import BASE, faced
from tests.api.served import Api

CARD = "/.well-known/agent-card.json"
VERSION = {"A2A-Version": "1.0"}
MESSAGE = {"messageId": "m-1", "role": "ROLE_USER", "parts": [{"text": "stuck"}]}


@pytest.fixture
async def api(db: Database) -> AsyncIterator[Api]:
    async with faced(db) as api:
        yield api


def rpc(method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def post(api: Api, path: str, **given: Any) -> httpx.Response:
    headers = {**VERSION, **given.pop("headers", {})}
    async with api.client("viewer") as http:
        answer: httpx.Response = await http.post(path, headers=headers, **given)
    return answer


async def test_the_card_tells_where_how_and_what(api: Api) -> None:
    async with api.client(None) as http:
        answer = await http.get(CARD)
    found = answer.json()
    assert [(i["url"], i["protocolBinding"]) for i in found["supportedInterfaces"]] == [
        (f"{BASE}/a2a", "JSONRPC"),
        (f"{BASE}/a2a/v1", "HTTP+JSON"),
    ]
    assert {i["protocolVersion"] for i in found["supportedInterfaces"]} == {"1.0"}
    assert found["version"] == "1.2.3"
    assert found["capabilities"]["streaming"] is True
    assert found["securitySchemes"]["key"]["httpAuthSecurityScheme"]["scheme"] == "bearer"
    assert {s["id"] for s in found["skills"]} == set(ERRANDS)


async def test_a_card_that_has_not_changed_is_not_sent_again(api: Api) -> None:
    async with api.client(None) as http:
        first = await http.get(CARD)
        assert "max-age=" in first.headers["cache-control"]
        assert first.headers["last-modified"].endswith("GMT")
        again = await http.get(CARD, headers={"If-None-Match": first.headers["etag"]})
        other = await http.get(CARD, headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content, other.status_code) == (304, b"", 200)


def test_skills_say_what_their_data_holds() -> None:
    told = skill(ERRANDS["initiate_rollback"])
    assert 'Data: {"skill": "initiate_rollback", "client": ..., "reason": ...}' in told.description
    assert "optional: target, trigger, dry_run." in told.description
    assert told.examples == [ERRANDS["initiate_rollback"].example]
    assert card("https://x.example/", "1").supported_interfaces[0].url == "https://x.example/a2a"


async def test_both_bindings_answer_with_and_without_a_slash(api: Api) -> None:
    for path in ("/a2a", "/a2a/"):
        answer = await post(api, path, json=rpc("SendMessage", {"message": MESSAGE}))
        assert answer.json()["result"]["task"]["status"]["state"] == "TASK_STATE_COMPLETED"
    answer = await post(api, "/a2a/v1/message:send", json={"message": MESSAGE})
    assert answer.json()["task"]["status"]["state"] == "TASK_STATE_COMPLETED"


async def test_http_json_is_labelled_as_the_client_knows_it(api: Api) -> None:
    for accept, label in (("*/*", "application/json"), ("application/a2a+json",) * 2):
        answer = await post(
            api, "/a2a/v1/message:send", json={"message": MESSAGE}, headers={"Accept": accept}
        )
        assert answer.headers["content-type"] == label


async def test_other_versions_and_kinds_of_content_are_refused(api: Api) -> None:
    old = await post(api, "/a2a", json=rpc("GetTask", {"id": "x"}), headers={"A2A-Version": "0.3"})
    assert old.json()["error"]["code"] == -32009
    text = await post(api, "/a2a", content=b"hello", headers={"Content-Type": "text/plain"})
    assert text.json()["error"]["code"] == -32005
    rest = "/a2a/v1/message:send"
    text = await post(api, rest, content=b"hello", headers={"Content-Type": "text/plain"})
    image = {**MESSAGE, "parts": [{"raw": "aGk=", "mediaType": "image/png"}]}
    part = await post(api, rest, json={"message": image})
    for answer in (text, part):
        assert (answer.status_code, answer.json()["error"]["code"]) == (415, 415)
        assert answer.json()["error"]["details"][0]["reason"] == "CONTENT_TYPE_NOT_SUPPORTED"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "Nothing"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {}}', -32602),
    ],
)
async def test_garbage_is_answered_in_the_protocols_words(api: Api, body: bytes, code: int) -> None:
    answer = await post(api, "/a2a", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["error"]["code"] == code


async def test_other_tenants_have_no_routes(api: Api) -> None:
    answer = await post(api, "/tenant/a2a/v1/message:send", json={"message": MESSAGE})
    assert answer.status_code == 404
