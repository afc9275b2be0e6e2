"""What travels with every call beside its input, whatever the protocol."""

from typing import Any, Final

from sojourn.agents.trouble import key
from sojourn.core.outcomes import Call

EXTENSION: Final = "https://sojourn.dev/a2a/task/v1"
"""Under this key of a message's metadata stands what the engine knows of the task."""


def about(call: Call) -> dict[str, Any]:
    """Return what an agent is told of its task; ids are strings, times ISO 8601."""
    return {
        "journey_id": str(call.journey_id),
        "uow_id": str(call.uow_id),
        "task_id": call.task_id,
        "name": call.name,
        "agent_id": call.agent_id,
        "client_id": call.client_id,
        "stage": call.stage,
        "attempt": call.retry_count + 1,
        "fence": call.fence,
        "idempotency_key": key(call),
        "timeout_seconds": call.timeout.total_seconds(),
        "now": call.now.isoformat() if call.now else None,
    }
