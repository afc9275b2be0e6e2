"""From a task's row to A2A's task, and to the events that tell of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from a2a.helpers import new_data_part, new_text_part
from a2a.types import (
    Artifact,
    Message,
    Part,
    Role,
    Task,
    TaskArtifactUpdateEvent,
    TaskState,
    TaskStatus,
    TaskStatusUpdateEvent,
)
from google.protobuf.json_format import MessageToDict, ParseDict

Row = Mapping[str, Any]
ENDED: Final = ("completed", "failed", "canceled", "rejected")
INTERRUPTED: Final = ("input_required", "auth_required")
Event = Task | TaskStatusUpdateEvent | TaskArtifactUpdateEvent


def state_of(name: str) -> TaskState:
    """Return A2A's state of a name that is kept: ``input_required``."""
    found: TaskState = TaskState.Value(f"TASK_STATE_{name.upper()}")
    return found


def name_of(state: TaskState) -> str | None:
    """Return the name under which a state is kept; None for one that is not given."""
    name = TaskState.Name(state).removeprefix("TASK_STATE_").lower()
    return None if name == "unspecified" else name


def task_of(row: Row, *, artifacts: bool = True) -> Task:
    """Return a task as it stands."""
    return Task(
        id=str(row["task_id"]),
        context_id=row["context_id"],
        status=status_of(row),
        artifacts=[ParseDict(a, Artifact()) for a in row["artifacts"]] if artifacts else [],
        history=[ParseDict(m, Message()) for m in row["messages"]],
    )


def status_of(row: Row, stands: str | None = None) -> TaskStatus:
    """Return how a task stands, with a message where there is something to say."""
    stands = stands or row["stands"]
    status = TaskStatus(state=state_of(stands))
    status.timestamp.FromDatetime(row["stands_since"])
    text = said(row, stands)
    if text:
        status.message.CopyFrom(spoken(row, text))
    return status


def said(row: Row, stands: str) -> str:
    """Return what there is to say: for a task that waits, what its journey waits for."""
    client, until = row["client_id"], row["until_stage"]
    if row["state"] != "working" or until is None:
        return str(row["said"])
    if stands == "completed":
        return f"{client} has reached {until}."
    if stands == "failed":
        return f"{client} is {row['current_stage']}, and has not reached {until}."
    waits = f"; {row['ball_with']} has the ball: {row['waiting_for']}" if row["waiting_for"] else ""
    return f"{client} is in {row['current_stage']}, on its way to {until}{waits}."


def spoken(row: Row, text: str) -> Message:
    """Return our own message in a task; its id is a function of what it says."""
    return Message(
        message_id=str(uuid5(UUID(str(row["task_id"])), text)),
        context_id=row["context_id"],
        task_id=str(row["task_id"]),
        role=Role.ROLE_AGENT,
        parts=[new_text_part(text)],
    )


def artifact(name: str, number: int, *parts: Part) -> dict[str, Any]:
    """Return an artifact as it is kept."""
    made = Artifact(artifact_id=f"{name}-{number}", name=name, parts=parts)
    return kept(made)


def result(name: str, text: str, document: Mapping[str, Any], number: int = 1) -> dict[str, Any]:
    """Return what came of an errand: a text for people, the document for machines."""
    return artifact(name, number, new_text_part(text), new_data_part(dict(document)))


def kept(message: Message | Artifact) -> dict[str, Any]:
    """Return one of A2A's messages as a document."""
    found: dict[str, Any] = MessageToDict(message)
    return found


def whole_life(row: Row) -> Iterator[Event]:
    """Yield the events of a task that has ended, or asks something, from its beginning."""
    task = task_of(row, artifacts=False)
    task.status.CopyFrom(TaskStatus(state=TaskState.TASK_STATE_SUBMITTED))
    task.status.timestamp.FromDatetime(row["created_at"])
    yield task
    working = status_of(row, "working")
    working.ClearField("message")
    yield _status_event(row, working)
    yield from news(row, 0)


def news(row: Row, known: int) -> Iterator[Event]:
    """Yield the artifacts after the first ``known``, then how the task stands."""
    for found in row["artifacts"][known:]:
        yield TaskArtifactUpdateEvent(
            task_id=str(row["task_id"]),
            context_id=row["context_id"],
            artifact=ParseDict(found, Artifact()),
            last_chunk=True,
        )
    yield _status_event(row, status_of(row))


def _status_event(row: Row, status: TaskStatus) -> TaskStatusUpdateEvent:
    return TaskStatusUpdateEvent(
        task_id=str(row["task_id"]), context_id=row["context_id"], status=status
    )
