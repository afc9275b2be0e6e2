import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.core.criteria import Operator
from sojourn.paths.conditions import Condition, parse


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        (">= 0.85", Condition(Operator.GE, 0.85)),
        ("<=500", Condition(Operator.LE, 500)),
        ("> 4.", Condition(Operator.GT, 4.0)),
        ("< .5", Condition(Operator.LT, 0.5)),
        ("== 0", Condition(Operator.EQ, 0)),
        ("!= 0", Condition(Operator.NE, 0)),
        ("> -3", Condition(Operator.GT, -3)),
        (">= 70%", Condition(Operator.GE, 0.7)),
        ("> +20%", Condition(Operator.GT, 0.2, change=True)),
        ("< -5 %", Condition(Operator.LT, -0.05, change=True)),
        ("exists", Condition(Operator.EXISTS, True)),
        (True, Condition(Operator.EQ, True)),
        (False, Condition(Operator.EQ, False)),
        (3, Condition(Operator.EQ, 3)),
        ("eu-west", Condition(Operator.EQ, "eu-west")),
        ("!= eu", Condition(Operator.NE, "eu")),
        ("== 'true'", Condition(Operator.EQ, "true")),
        ("== true", Condition(Operator.EQ, True)),
        ('== "5"', Condition(Operator.EQ, "5")),
    ],
)
def test_a_condition_is_read(value: Any, condition: Condition) -> None:
    found = parse(value)
    assert found == condition
    assert type(found.threshold) is type(condition.threshold)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("=> 3", 'did you mean ">= 3"?'),
        ("= 3", 'did you mean "== 3"?'),
        ("≥ 0.5", 'did you mean ">= 0.5"?'),
        ("> high", "> needs a number, not 'high'"),
        (">= nan", "nan is not a threshold"),
        ("< -inf", "-inf is not a threshold"),
        (".nan", ".nan is not a threshold"),
        ("< 1e999", "too large to be a threshold"),
        (">", "'>' is not a comparison"),
        ("", "write a comparison in quotes"),
        (None, "write a comparison in quotes"),
        ([1], "write a comparison in quotes"),
    ],
)
def test_a_bad_condition_says_what_was_meant_or_is_allowed(value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse(value)
    assert message in str(caught.value)


@given(st.text(">=<!+-.%0123456789naif ", max_size=10) | st.floats() | st.integers())
def test_a_threshold_is_always_something_that_can_be_compared(value: Any) -> None:
    try:
        found = parse(value).threshold
    except ValueError:
        return
    assert not isinstance(found, float) or math.isfinite(found)
