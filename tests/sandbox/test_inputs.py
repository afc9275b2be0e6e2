from typing import Any

import pytest

from sojourn.core.outcomes import Call, Completed, Failed
from sojourn.sandbox.inputs import BadInput, Inputs, agent
from tests.sandbox.worlds import call


def test_absent_and_null_fields_take_the_default() -> None:
    for data in ({}, {"size": None}):
        assert Inputs(data).text("size", "medium") == "medium"
        assert Inputs(data).whole("size", 3, 1, 9) == 3
        assert Inputs(data).names("size", ("a", "b")) == ("a", "b")
        assert not Inputs(data).has("size")


@pytest.mark.parametrize("value", [3, "", "  ", True, ["x"]])
def test_a_text_is_a_string_with_something_in_it(value: Any) -> None:
    with pytest.raises(BadInput, match="target: must be a non-empty string"):
        Inputs({"target": value}).text("target")


@pytest.mark.parametrize("value", ["0.8", True, [0.8], float("nan"), 1.5, -1])
def test_a_number_is_a_number_within_its_bounds(value: Any) -> None:
    with pytest.raises(BadInput, match=r"^share: must be "):
        Inputs({"share": value}).number("share", None, 0.0, 1.0)


def test_a_whole_number_has_no_fraction() -> None:
    assert Inputs({"k": 5.0}).whole("k", 1, 1, 10) == 5
    with pytest.raises(BadInput, match=r"k: must be a whole number, not 2\.5"):
        Inputs({"k": 2.5}).whole("k", 1, 1, 10)


def test_a_required_field_is_named() -> None:
    with pytest.raises(BadInput, match="percent: this field is required"):
        Inputs({}).number("percent", None, 0, 100)


def test_a_choice_says_what_there_is_and_what_was_meant() -> None:
    with pytest.raises(
        BadInput, match=r"one of small, medium, not 'meduim'; did you mean 'medium'\?"
    ):
        Inputs({"size": "meduim"}).choice("size", ("small", "medium"))


def test_names_may_be_one_name_and_lose_doubles() -> None:
    assert Inputs({"c": "jira"}).names("c") == ("jira",)
    assert Inputs({"c": ["a", "b", "a"]}).names("c") == ("a", "b")


@pytest.mark.parametrize("value", [[], [1], [""], {"a": 1}, 7])
def test_names_are_a_list_of_names(value: Any) -> None:
    with pytest.raises(BadInput, match=r"^connectors: must be "):
        Inputs({"connectors": value}).names("connectors")


async def test_what_an_agent_cannot_work_with_is_a_final_failure() -> None:
    @agent
    def echo(call: Call, inputs: Inputs) -> Completed:
        return Completed({"said": inputs.text("say")})

    assert await echo(call(say="hello")) == Completed({"said": "hello"})
    assert await echo(call()) == Failed("say: this field is required", retryable=False)
