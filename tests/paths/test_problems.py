from typing import Any

import pytest

from sojourn.paths.problems import PathError, Place, Problem, spell


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((), ""),
        (("name",), "name"),
        (("stages", 0, "exit"), "stages.sandbox.exit"),
        (("stages", 1), "stages[1]"),
        (("stages", 7, "exit", "criteria", 2), "stages[7].exit.criteria[2]"),
        (("stages", 2, "exit"), "stages[2].exit"),
    ],
)
def test_a_place_is_spelled_with_the_names_that_stand_there(place: Place, words: str) -> None:
    data: Any = {"stages": [{"name": "sandbox"}, {"title": "x"}, {"name": 5}]}
    assert spell(place, data) == words


def test_a_problem_is_one_line_that_editors_can_follow() -> None:
    problem = Problem("a.yaml", 3, 5, "stages.pilot", "is wrong")
    assert str(problem) == "a.yaml:3:5: stages.pilot: is wrong"
    assert str(Problem("a.yaml", 1, 1, "", "is empty")) == "a.yaml:1:1: is empty"


def test_an_error_reports_all_problems_up_to_a_number_that_can_be_read() -> None:
    error = PathError([Problem("a.yaml", i, 1, "", "x") for i in range(1, 71)])
    lines = str(error).splitlines()
    assert len(error.problems) == 70
    assert len(lines) == 51
    assert lines[-1] == "... and 20 more problems"
