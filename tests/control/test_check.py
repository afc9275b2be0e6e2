from typing import Any

import pytest

from sojourn.control.check import check_command, check_name, check_said, check_subjects
from sojourn.control.door import RefusedError
from sojourn.core.commands import HoldJourney, Migrate, SubmitWork, Waive
from sojourn.core.work import Task, Undo, UnitOfWork
from sojourn.paths import load

PATH = load("name: p\nstages: [{ name: sandbox, exit: { criteria: [{ fact: done }] } }]\n")


@pytest.mark.parametrize("name", ["medtronic", "Ärzte & Söhne (EU)", "x" * 100, "日本"])
def test_a_name_is_any_plain_text(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "a/b", " a", "a\t", "x" * 101, "\x1b[2J", "\u2028"])
def test_a_name_that_lists_or_terminals_could_not_bear(name: str) -> None:
    with pytest.raises(RefusedError, match="is no name for a journey") as caught:
        check_name(name, "journey")
    assert "printable" in caught.value.refusal.remedy


@pytest.mark.parametrize("name", ["a", "p95_latency.ms", "x-1", "0"])
def test_a_fact_or_metric_has_a_plain_name(name: str) -> None:
    check_subjects([name])


@pytest.mark.parametrize("name", ["", "_", "a b", "ä", "a\n", "x" * 101, "."])
def test_a_fact_or_metric_has_no_other_name(name: str) -> None:
    with pytest.raises(RefusedError, match=r"data.csv:7: .* is no name"):
        check_subjects([name], "data.csv:7: ")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "size.a: nan is not a number"),
        ("a\x00", "size.a: the character"),
        ("\udfff", "size.a: the character"),
        (2**64, "more than 64 bits"),
        (b"x", "bytes is not JSON"),
        ({"b": {1, 2}}, "size.a.b: set is not JSON"),
        (nested(100_000), "nested too deeply"),
        (nested(300), "nested too deeply"),
        ("x" * 1_000_001, "size has more than 1000000 characters"),
    ],
)
def test_what_the_database_cannot_keep_is_named_with_its_place(value: Any, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        check_said({"size": {"a": value}})


def test_a_text_is_shorter_than_other_values() -> None:
    check_said({"reason": "x" * 10_000, "facts": {"x": "y" * 100_000}, "none": None})
    with pytest.raises(RefusedError, match="reason has more than 10000 characters"):
        check_said({"reason": "x" * 10_001})


def test_commands_are_checked_in_all_they_say() -> None:
    unit = UnitOfWork("u", "", "sandbox", (Task("t", "T", "a", undo=Undo("a", {"x": "\x00"})),))
    with pytest.raises(RefusedError, match=r"tasks\[0\].undo\[1\].x"):
        check_command(SubmitWork(actor="ann", unit=unit))
    with pytest.raises(RefusedError, match="roles"):
        check_command(HoldJourney(actor="ann", roles=("\x00",)))
    check_command(Migrate(actor="ann", path=PATH))
    check_command(Waive(actor="ann", criterion="x"))
