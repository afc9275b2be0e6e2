from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from a2a.types import TaskState

from sojourn.api.a2a_tasks import (
    name_of,
    news,
    result,
    said,
    state_of,
    status_of,
    task_of,
    whole_life,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def row(**given: Any) -> dict[str, Any]:
    known = {
        "task_id": UUID(int=7),
        "context_id": "c",
        "state": "completed",
        "stands": "completed",
        "stands_since": AT + timedelta(minutes=1),
        "created_at": AT,
        "said": "Done.",
        "artifacts": [result("explain", "Why.", {"client_id": "acme"})],
        "messages": [{"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "explain acme"}]}],
        "client_id": None,
        "until_stage": None,
        "current_stage": None,
        "ball_with": None,
        "waiting_for": None,
    }
    return known | given


def waiting(**given: Any) -> dict[str, Any]:
    known = {
        "state": "working",
        "stands": "working",
        "client_id": "acme",
        "until_stage": "production",
        "current_stage": "pilot",
        "ball_with": "approver",
        "waiting_for": "demo",
    }
    return row(**(known | given))


def test_states_have_names_both_ways() -> None:
    for name in ("submitted", "working", "input_required", "completed", "canceled", "rejected"):
        assert name_of(state_of(name)) == name
    assert name_of(TaskState.TASK_STATE_UNSPECIFIED) is None


def test_a_task_is_its_row() -> None:
    task = task_of(row())
    assert (task.id, task.context_id) == (str(UUID(int=7)), "c")
    assert task.status.message.parts[0].text == "Done."
    assert task.status.timestamp.ToDatetime(UTC) == AT + timedelta(minutes=1)
    assert [p.text for m in task.history for p in m.parts] == ["explain acme"]
    [artifact] = task.artifacts
    assert (artifact.artifact_id, artifact.name) == ("explain-1", "explain")
    assert [p.WhichOneof("content") for p in artifact.parts] == ["text", "data"]
    assert not task_of(row(), artifacts=False).artifacts


def test_what_is_said_has_an_id_of_its_own() -> None:
    one, again = status_of(row()), status_of(row())
    other = status_of(row(said="Else."))
    assert one == again
    assert one.message.message_id != other.message.message_id
    assert not status_of(row(said="")).HasField("message")


def test_a_task_that_waits_says_what_for() -> None:
    told = said(waiting(), "working")
    assert told == "acme is in pilot, on its way to production; approver has the ball: demo."
    assert said(waiting(waiting_for=""), "working").endswith("on its way to production.")
    assert said(waiting(), "completed") == "acme has reached production."
    ended = waiting(current_stage="cancelled")
    assert said(ended, "failed") == "acme is cancelled, and has not reached production."


def test_a_whole_life_begins_submitted_and_ends_as_it_stands() -> None:
    task, working, artifact, end = whole_life(row())
    assert task.status.state == TaskState.TASK_STATE_SUBMITTED
    assert not task.artifacts
    assert working.status.state == TaskState.TASK_STATE_WORKING
    assert artifact.artifact.name == "explain"
    assert artifact.last_chunk
    assert end.status.state == TaskState.TASK_STATE_COMPLETED


def test_news_is_what_was_not_known() -> None:
    assert [type(e).__name__ for e in news(row(), 1)] == ["TaskStatusUpdateEvent"]
