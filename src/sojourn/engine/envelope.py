"""What a webhook is sent: a CloudEvent, signed as Standard Webhooks has it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook

Row = Mapping[str, Any]
SOURCE: Final = "/sojourn"
TEST: Final = "webhook.test"
TOLD: Final = ("seq", "type", "actor", "reason", "cause", "from_stage", "event", "to_stage")


def envelope(row: Row) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of an event in CloudEvents' structured form.

    ``id`` names the event whoever is told; ``sequence`` is its number within the journey, by which
    a receiver puts events in order and notices that one is still to come.
    """
    message = to_structured_event(CloudEvent(_attributes(row), _data(row)))
    return dict(message.headers), message.body


def _attributes(row: Row) -> dict[str, Any]:
    attributes: dict[str, Any] = {"type": f"sojourn.{row['type']}", "source": SOURCE}
    if row["journey_id"] is None:
        return attributes | {"id": str(row["delivery_id"]), "time": row["created_at"]}
    return attributes | {
        "id": f"{row['journey_id']}/{row['seq']}",
        "time": row["at"],
        "subject": row["journey_key"],
        "sequence": str(row["seq"]),
    }


def _data(row: Row) -> dict[str, Any]:
    if row["journey_id"] is None:
        return {"message": "This is a test. Nothing has happened."}
    told = {name: row[name] for name in TOLD}
    if told["from_stage"] == "none":
        told["from_stage"] = None
    return told | {
        "journey_id": str(row["journey_id"]),
        "journey_key": row["journey_key"],
        "client_id": row["client_id"],
        "path": row["path_name"],
        "data": row["data"],
    }


def signed(row: Row, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove a message ours, under every secret that is still good."""
    message_id, at = str(row["delivery_id"]), now.astimezone(UTC)
    text = body.decode()
    signatures = [Webhook(secret).sign(message_id, at, text) for secret in row["secrets"]]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
