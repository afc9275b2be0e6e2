import re

import pytest
from pydantic import ValidationError

from sojourn.paths.forms import (
    FOR_EACH_PATTERN,
    METRIC_PATTERN,
    NAME_PATTERN,
    OUTPUT_PATTERN,
    PATTERN_WORDS,
    STAGE_PATTERN,
    Duration,
    Form,
    Wait,
    given,
)


class Sample(Form):
    count: int = 0
    length: Duration | None = None
    pause: Wait | None = None


@pytest.mark.parametrize(
    "text", ['{"count": "5"}', '{"count": true}', '{"count": 1.5}', '{"other": 1}', '{"length": 5}']
)
def test_a_form_converts_nothing_and_knows_its_keys(text: str) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate_json(text)


def test_a_duration_is_longer_than_nothing_and_a_wait_need_not_be() -> None:
    assert Sample.model_validate_json('{"pause": "0s"}').pause is not None
    with pytest.raises(ValidationError, match="must be longer than 0"):
        Sample.model_validate_json('{"length": "0s"}')


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (STAGE_PATTERN, "go_live2", "go-live"),
        (NAME_PATTERN, "task-001", "Task"),
        (METRIC_PATTERN, "glean.p95-latency", "p95 latency"),
        (OUTPUT_PATTERN, "result.0.score", "result..score"),
        (OUTPUT_PATTERN, "Score", "${x}"),
        (FOR_EACH_PATTERN, "${facts.data.sources}", "${tasks.a.output}"),
        (FOR_EACH_PATTERN, "${journey.metadata.teams}", "${journey.key}"),
        (FOR_EACH_PATTERN, "${facts.a}", "${facts.a} and ${facts.b}"),
    ],
)
def test_names_and_places_have_patterns_with_words(pattern: str, good: str, bad: str) -> None:
    assert re.search(pattern, good)
    assert not re.search(pattern, bad)
    assert PATTERN_WORDS[pattern]


def test_what_is_not_given_is_left_out() -> None:
    assert given(a=None, b=0, c="", d=False) == {"b": 0, "c": "", "d": False}
