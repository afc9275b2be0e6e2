import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook, WebhookVerificationError

from sojourn.control.webhooks import new_secret
from sojourn.engine.envelope import envelope, signed

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROW: dict[str, Any] = {
    "delivery_id": uuid4(),
    "journey_id": uuid4(),
    "journey_key": "journey-acme-2026",
    "client_id": "acme",
    "path_name": "standard",
    "seq": 7,
    "type": "transition",
    "at": AT,
    "actor": "ann",
    "reason": "é",
    "cause": "",
    "from_stage": "none",
    "event": "start_journey",
    "to_stage": "sandbox",
    "data": {"visit": 1},
    "created_at": AT,
    "secrets": [new_secret(), new_secret()],
}


def test_an_event_is_a_cloudevent_that_others_read() -> None:
    headers, body = envelope(ROW)
    event = from_http_event(HTTPMessage(headers, body))
    assert event.get_id() == f"{ROW['journey_id']}/7"
    assert (event.get_type(), event.get_subject()) == ("sojourn.transition", "journey-acme-2026")
    assert event.get_extension("sequence") == "7"
    data: Any = event.get_data()
    assert (data["client_id"], data["from_stage"], data["data"]) == ("acme", None, {"visit": 1})
    assert envelope(ROW) == (headers, body)


def test_a_test_has_no_journey() -> None:
    _, body = envelope(ROW | {"journey_id": None, "type": "webhook.test"})
    assert json.loads(body)["type"] == "sojourn.webhook.test"


def test_a_message_is_signed_under_every_secret_whatever_the_zone() -> None:
    _, body = envelope(ROW)
    now = datetime.now(timezone(timedelta(hours=9)))
    headers = signed(ROW, body, now)
    for secret in ROW["secrets"]:
        assert Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(ROW["secrets"][0]).verify(body + b" ", headers)
