from dataclasses import replace
from typing import Any

import pytest
from a2a.helpers import new_data_part, new_text_message, new_text_part
from a2a.types import AgentCapabilities, AgentCard, AgentSkill, Artifact, Part, Task, TaskState
from a2a.types import TaskStatus as Status

from sojourn.agents.a2a_parts import mark, outcome_of, output, request, wanted_skill, whole
from sojourn.agents.callbacks import Callbacks
from sojourn.agents.shape import BadAnswer
from sojourn.core.outcomes import Completed, Failed, Measured, Needs, Rejected, Working
from tests.agents.calls import call

STATES = TaskState


def task(state: TaskState, text: str = "", *artifacts: Artifact) -> Task:
    message = new_text_message(text) if text else None
    return Task(
        id="r", context_id="c", status=Status(state=state, message=message), artifacts=artifacts
    )


def card(*modes: str, push: bool = False) -> AgentCard:
    return AgentCard(
        default_input_modes=modes, capabilities=AgentCapabilities(push_notifications=push)
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (STATES.TASK_STATE_FAILED, Failed("why", retryable=True)),
        (STATES.TASK_STATE_CANCELED, Failed("the agent cancelled it: why", retryable=False)),
        (STATES.TASK_STATE_REJECTED, Rejected("why")),
        (STATES.TASK_STATE_COMPLETED, Completed({"text": "why"})),
    ],
)
def test_terminal_states(state: TaskState, expected: Any) -> None:
    assert outcome_of(task(state, "why"), call()) == expected


@pytest.mark.parametrize(
    "state", [STATES.TASK_STATE_UNSPECIFIED, STATES.TASK_STATE_SUBMITTED, STATES.TASK_STATE_WORKING]
)
def test_states_that_are_polled_on(state: TaskState) -> None:
    outcome = outcome_of(task(state), call())
    assert isinstance(outcome, Working)
    assert outcome.handle == {"remote_id": "r", "context_id": "c", "polls": 1}


@pytest.mark.parametrize(
    ("state", "kind"),
    [(STATES.TASK_STATE_INPUT_REQUIRED, "input"), (STATES.TASK_STATE_AUTH_REQUIRED, "auth")],
)
def test_states_that_ask(state: TaskState, kind: str) -> None:
    asked = task(state, "which?")
    outcome = outcome_of(asked, call(handle={"turn": 1}))
    assert isinstance(outcome, Needs)
    assert (outcome.kind, outcome.prompt) == (kind, "which?")
    assert outcome.handle == {
        "remote_id": "r",
        "context_id": "c",
        "turn": 2,
        "asked": asked.status.message.message_id,
    }


def test_a_state_without_a_message_is_told_by_its_time() -> None:
    first = task(STATES.TASK_STATE_INPUT_REQUIRED)
    first.status.timestamp.FromSeconds(1)
    second = task(STATES.TASK_STATE_INPUT_REQUIRED)
    second.status.timestamp.FromSeconds(2)
    assert mark(first) != mark(second)


def test_measurements_may_come_with_the_output() -> None:
    data = {"output": {"a": 1}, "measurements": [{"metric": "m", "value": 2, "n": 3}]}
    done = task(STATES.TASK_STATE_COMPLETED, "", Artifact(parts=[new_data_part(data)]))
    assert outcome_of(done, call()) == Completed({"a": 1}, (Measured("m", 2.0, 3),))


def test_an_output_with_a_status_of_its_own_is_only_an_output() -> None:
    data = {"status": "failed", "output": "x"}
    done = task(STATES.TASK_STATE_COMPLETED, "", Artifact(parts=[new_data_part(data)]))
    assert outcome_of(done, call()) == Completed(data)


def test_numbers_that_are_none_are_refused() -> None:
    part = Part()
    part.data.struct_value.fields["a"].number_value = float("nan")
    done = task(STATES.TASK_STATE_COMPLETED, "", Artifact(parts=[part]))
    outcome = outcome_of(done, call())
    assert isinstance(outcome, Failed)
    assert not outcome.retryable


def test_parts_of_all_kinds() -> None:
    parts = [
        new_data_part({"a": 1, "b": 1}),
        new_data_part({"b": 2}),
        new_data_part([1, 2]),
        new_text_part("one"),
        new_text_part("two"),
        Part(text='{"c": 3}', media_type="application/json"),
        Part(text="{", media_type="application/json"),
        Part(url="https://x/report.pdf", filename="report.pdf", media_type="application/pdf"),
        Part(raw=b"12345"),
    ]
    assert output([("result", parts)]) == {
        "text": "one\ntwo\n{",
        "files": [
            {"name": "report.pdf", "media_type": "application/pdf", "url": "https://x/report.pdf"},
            {"bytes": 5},
        ],
        "a": 1,
        "b": 2,
        "c": 3,
        "result": [1, 2],
    }
    assert output([]) == {}


def test_whole_numbers_are_whole_again() -> None:
    assert whole({"a": [3.0, 2.5, True, 1e300]}) == {"a": [3, 2.5, True, 1e300]}
    assert isinstance(whole(3.0), int)
    assert whole(2.0**60) == 2.0**60
    assert isinstance(whole(2.0**60), float)


@pytest.mark.parametrize(
    ("modes", "kinds"),
    [
        (("application/json",), ["data"]),
        (("application/json", "text/plain"), ["text", "data"]),
        (("text/plain",), ["text"]),
        ((), ["data"]),
        (("*/*",), ["text", "data"]),
    ],
)
def test_input_is_sent_in_a_mode_that_the_agent_takes(
    modes: tuple[str, ...], kinds: list[str]
) -> None:
    message = request(call(), card(*modes), None).message
    assert [p.WhichOneof("content") for p in message.parts] == kinds
    if kinds == ["text"]:
        assert message.parts[0].text == '{"behaviour":"success"}'


def test_an_answer_continues_its_task() -> None:
    handle = {"remote_id": "r", "context_id": "c", "turn": 1}
    for answer, kind in (("ENG", "text"), ({"space": "ENG"}, "data")):
        made = replace(call(), handle=handle, answer=answer)
        message = request(made, card("application/json"), None).message
        assert (message.task_id, message.context_id) == ("r", "c")
        assert message.message_id != made.message_id
        assert [p.WhichOneof("content") for p in message.parts] == [kind]


def test_nothing_is_sent_in_blocking_mode() -> None:
    configuration = request(call(), card(), None).configuration
    assert configuration.return_immediately
    assert configuration.history_length == 0


def test_pushes_are_asked_for_only_where_they_are_offered() -> None:
    callbacks = Callbacks("https://sojourn.example", b"0123456789abcdef")
    for push in (True, False):
        configuration = request(call(), card(push=push), callbacks).configuration
        assert configuration.HasField("task_push_notification_config") is push


def test_skills() -> None:
    offered = AgentCard(skills=[AgentSkill(id="behave")])
    assert wanted_skill(offered, None) is None
    found = wanted_skill(offered, "behave")
    assert found is not None
    assert found.id == "behave"
    with pytest.raises(BadAnswer, match="it has: none"):
        wanted_skill(AgentCard(), "behave")
