import json

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from sojourn.api.problems import STATUS, ProblemError, answer, handle, problem_of
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.core.criteria import aggregate_results
from sojourn.core.decision import Refusal
from sojourn.core.work import InvalidWork
from sojourn.paths import PathError, load
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.idempotency import LostPlace

REQUEST = Request({"type": "http", "method": "GET", "path": "/x", "headers": [], "state": {}})


@pytest.mark.parametrize("code", list(STATUS))
def test_every_refusal_has_its_status_and_code(code: str) -> None:
    found = problem_of(RefusedError(Refusal(code, "why", "what helps")))
    assert (found.status, found.code, found.remedy) == (STATUS[code], code, "what helps")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("nobody"), 404, "not_found"),
        (InvalidWork("tasks[0]", "bad"), 422, "invalid"),
        (DatabaseUnavailable("postgresql://secret"), 503, "unavailable"),
        (LostPlace("k"), 409, "in_flight"),
        (HTTPException(405, "no"), 405, "method_not_allowed"),
        (ZeroDivisionError("secret"), 500, "internal"),
    ],
)
async def test_every_exception_is_a_problem(error: Exception, status: int, code: str) -> None:
    response = await handle(REQUEST, error)
    body = json.loads(bytes(response.body))
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:sojourn:problem:{code}"
    assert "secret" not in bytes(response.body).decode()


def test_a_database_that_went_away_may_have_committed_and_we_say_so() -> None:
    found = problem_of(DatabaseUnavailable("it went while it committed"))
    assert "nothing was changed" not in str(found.detail)
    assert "Idempotency-Key" in found.remedy


def test_a_gate_that_is_shut_brings_its_checks() -> None:
    result = aggregate_results([])
    error = problem_of(RefusedError(Refusal("gate", "shut", "", result)))
    body = json.loads(bytes(answer(REQUEST, error).body))
    assert body["gate"]["passed"] is False


def test_a_path_that_cannot_be_used_tells_all_that_is_wrong() -> None:
    with pytest.raises(PathError) as bad:
        load("name: x\nstages: 3\ncolour: red\n")
    found = problem_of(bad.value)
    assert (found.status, len(found.errors)) == (422, 2)


def test_a_problem_is_an_exception_with_headers() -> None:
    error = ProblemError(429, "slow down", headers={"Retry-After": "3"})
    assert problem_of(error) is error
    assert answer(REQUEST, error).headers["retry-after"] == "3"
