import pytest

from tests.api.served import Api

URL = "https://example.com/hook"


async def test_a_subscription_is_made_tried_switched_and_removed(api: Api) -> None:
    made = await api.post("/webhooks", {"url": URL, "types": ["transition"], "label": "crm"})
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
    key = made.json()["subscription"]["subscription_id"]
    [listed] = (await api.get("/webhooks")).json()
    assert (listed["label"], listed["active"], listed["pending"]) == ("crm", True, 0)
    assert "secret" not in listed
    sent = await api.post(f"/webhooks/{key}/test")
    assert (sent.status_code, sent.json()["type"]) == (202, "webhook.test")
    await api.start()
    log = (await api.get(f"/webhooks/{key}/deliveries?limit=1")).json()
    rest = (await api.get(f"/webhooks/{key}/deliveries?cursor={log['next']}")).json()
    assert [d["type"] for d in log["items"] + rest["items"]] == ["transition", "webhook.test"]
    delivery = log["items"][0]["delivery_id"]
    again = await api.post(f"/webhooks/{key}/deliveries/{delivery}/replay")
    assert again.json()["replay_of"] == delivery
    rotated = await api.post(f"/webhooks/{key}/rotate")
    assert rotated.json()["secret"] != made.json()["secret"]
    off = await api.post(f"/webhooks/{key}/switch", {"active": False, "why": "moving"})
    assert (off.json()["active"], off.json()["why_inactive"]) == (False, "moving")
    await api.start("beta")
    assert (await api.get(f"/webhooks/{key}")).json()["pending"] == 3
    assert (await api.ask("DELETE", f"/webhooks/{key}")).status_code == 204
    assert (await api.get(f"/webhooks/{key}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://example.com/hook"},
        {"url": "https://127.0.0.1/hook"},
        {"url": "https://169.254.169.254/latest"},
        {"url": "https://user:pass@example.com/"},
        {"url": "ftp://example.com/hook"},
        {"url": "https://example.com/#x"},
        {"url": URL, "types": ["Transition"]},
        {"url": URL, "types": ["a*b"]},
        {"url": URL, "types": []},
    ],
)
async def test_what_nothing_may_be_sent_to_is_refused(api: Api, body: dict[str, object]) -> None:
    assert (await api.post("/webhooks", body)).status_code == 422
    assert (await api.get("/webhooks")).json() == []
