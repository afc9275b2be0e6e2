from datetime import UTC, datetime
from uuid import UUID

import pytest
from a2a.helpers import new_data_part, new_text_part
from a2a.types import Message, Part

from sojourn.sandbox.a2a_server.calls import STRANGER, call, said, whole
from sojourn.sandbox.a2a_server.cards import EXTENSION
from sojourn.sandbox.inputs import BadInput


def message(*parts: Part, **about: object) -> Message:
    return Message(message_id="m", context_id="c", parts=[*parts], metadata={EXTENSION: about})


def test_what_the_engine_knows_travels_in_the_metadata() -> None:
    about = {"client_id": "medtronic", "attempt": 3, "fence": 7, "now": "2026-03-04T12:00:00Z",
             "journey_id": str(UUID(int=5)), "task_id": "t1", "stage": "pilot"}  # fmt: skip
    made = call("survey-agent", message(**about), {"kind": "pilot"})
    assert (made.client_id, made.retry_count, made.fence, made.stage) == (
        "medtronic",
        2,
        7,
        "pilot",
    )
    assert made.now == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert made.journey_id == UUID(int=5)
    assert made.input_data == {"kind": "pilot"}


def test_strangers_are_served_as_well() -> None:
    made = call("survey-agent", message(), {})
    assert (made.client_id, made.now, made.retry_count) == (STRANGER, None, 0)
    assert call("a", message(), {}).uow_id == made.uow_id
    assert call("a", message(), {"client_id": "siemens"}).client_id == "siemens"


def test_a_time_that_is_none_is_refused() -> None:
    for text in ("soon", "2026-03-04T12:00:00"):
        with pytest.raises(BadInput, match="now"):
            call("a", message(now=text), {})


def test_data_is_merged_and_text_answers_a_question() -> None:
    parts = [new_text_part("install it"), new_data_part({"a": 1}), new_data_part({"b": [2.5, 3]})]
    assert said(message(*parts)) == {"a": 1, "b": [2.5, 3]}
    assert said(message(new_text_part("oauth2")), "auth_method") == {"auth_method": "oauth2"}
    assert said(message(new_text_part("oauth2"))) == {}


def test_whole_numbers_are_whole_again() -> None:
    assert repr(whole({"a": [3.0, 2.5, True, "x", None]})) == "{'a': [3, 2.5, True, 'x', None]}"
