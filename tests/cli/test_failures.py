import json
from typing import Any

import pytest
import typer

from sojourn.agents.directory import UnknownAgent
from sojourn.agents.entries import BadDirectory
from sojourn.cli.failures import MEANING, Failure, Status, absent, bad, describe, named, tell
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.control.unit import BadUnit
from sojourn.core.criteria import CriteriaCheck, aggregate_results
from sojourn.core.decision import Refusal
from sojourn.core.stages import IllegalTransition
from sojourn.core.work import InvalidWork
from sojourn.paths import PathError, Problem
from sojourn.settings import SettingsError
from sojourn.store.errors import DatabaseError, DatabaseUnavailable


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (bad("x"), "invalid", Status.BAD_INPUT),
        (absent("x"), "not_found", Status.NOT_FOUND),
        (Failure("conflict", "x"), "conflict", Status.REFUSED),
        (RefusedError(Refusal("gate", "x")), "gate", Status.GATE),
        (RefusedError(Refusal("invalid", "x")), "invalid", Status.BAD_INPUT),
        (RefusedError(Refusal("not_found", "x")), "not_found", Status.NOT_FOUND),
        (RefusedError(Refusal("illegal", "x")), "illegal", Status.REFUSED),
        (RefusedError(Refusal("role", "x")), "role", Status.REFUSED),
        (RefusedError(Refusal("held", "x")), "held", Status.REFUSED),
        (RefusedError(Refusal("conflict", "x")), "conflict", Status.REFUSED),
        (NotFoundError("x"), "not_found", Status.NOT_FOUND),
        (PathError([Problem("f", 1, 2, "p", "m")]), "invalid", Status.BAD_INPUT),
        (InvalidWork("p", "m"), "invalid", Status.BAD_INPUT),
        (BadUnit([("p", "m")]), "invalid", Status.BAD_INPUT),
        (BadDirectory("x"), "invalid", Status.BAD_INPUT),
        (SettingsError("x"), "settings", Status.BAD_INPUT),
        (UnknownAgent("x"), "not_found", Status.NOT_FOUND),
        (IllegalTransition("x"), "illegal", Status.REFUSED),
        (DatabaseError("x"), "database", Status.DATABASE),
        (DatabaseUnavailable("x"), "database", Status.DATABASE),
        (typer.BadParameter("x"), "usage", Status.BAD_INPUT),
        (typer.Abort(), "interrupted", Status.INTERRUPTED),
        (KeyboardInterrupt(), "interrupted", Status.INTERRUPTED),
        (ZeroDivisionError("x"), "internal", Status.INTERNAL),
    ],
)
def test_each_error_has_its_code_and_status(
    error: BaseException, code: str, status: Status
) -> None:
    told = describe(error)
    assert (told.code, told.status) == (code, status)
    assert told.document["error"].keys() >= {"code", "message", "remedy"}


def test_a_fault_of_ours_is_one_line_and_a_trace_only_where_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = ZeroDivisionError("division by zero")
    assert tell(error, as_json=False) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ZeroDivisionError: division by zero (fix: this is a fault")
    try:
        raise error
    except ZeroDivisionError:
        tell(error, as_json=False, debug=True)
    assert capsys.readouterr().err.startswith("Traceback")


def test_the_first_error_of_a_group_speaks() -> None:
    inner = DatabaseUnavailable("away")
    group = ExceptionGroup("x", [ExceptionGroup("y", [inner])])
    assert tell(group, as_json=False) == Status.DATABASE


def test_an_error_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(bad("x", "do y"), as_json=True) == 2
    told: Any = json.loads(capsys.readouterr().err)
    assert told == {"error": {"code": "invalid", "message": "x", "remedy": "do y"}}


def test_nothing_from_outside_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(bad("a\x1b[31mb\x9bc"), as_json=False)
    assert "\x1b" not in capsys.readouterr().err


def test_a_gate_tells_its_checks_and_where_to_look() -> None:
    checks = [CriteriaCheck(n, False, None, 1, "m", remedy="do " + n) for n in ("a", "b")]
    result = aggregate_results(checks)
    told = describe(RefusedError(Refusal("gate", "x", "do a; do b", result)))
    assert [c["name"] for c in told.more["gate"]["checks"]] == ["a", "b"]
    assert told.remedy == "sojourn explain CLIENT"
    one = aggregate_results(checks[:1])
    assert describe(RefusedError(Refusal("gate", "x", "do a", one))).remedy == "do a"


def test_what_core_says_of_a_client_names_it() -> None:
    assert named("sojourn retry CLIENT, or cancel", "acme") == "sojourn retry acme, or cancel"


def test_every_status_is_explained() -> None:
    assert set(MEANING) == set(Status)
