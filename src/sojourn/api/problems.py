"""Problems: what went wrong and what would help, in the one form of RFC 9457."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from sojourn.api.documents import Result, result_of
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.control.unit import BadUnit
from sojourn.core.decision import Refusal
from sojourn.core.work import InvalidWork
from sojourn.paths import PathError
from sojourn.store.errors import DatabaseUnavailable
from sojourn.store.idempotency import LostPlace

MEDIA_TYPE: Final = "application/problem+json"
STATUS: Final[Mapping[str, int]] = {
    "illegal": 409,
    "gate": 409,
    "held": 409,
    "conflict": 409,
    "role": 403,
    "not_found": 404,
    "invalid": 422,
}
"""The status of each code of :class:`sojourn.core.decision.Refusal`."""
CODES: Final[Mapping[int, str]] = {
    400: "malformed",
    401: "unauthenticated",
    403: "role",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    412: "stale",
    413: "too_large",
    415: "media_type",
    422: "invalid",
    429: "too_many",
    503: "unavailable",
}
log = structlog.get_logger()


class Fault(BaseModel):
    """One thing that is wrong with what was sent."""

    place: str = Field(examples=["body.client_id"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong, why, and what would help (RFC 9457, `application/problem+json`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:sojourn:problem:gate",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "4 of 5 checks hold: demo_approved pending",
                    "code": "gate",
                    "remedy": "sojourn approve acme demo_approved",
                    "instance": "/api/v1/journeys/acme/promote",
                    "request_id": "0199f3b2-…",
                }
            ]
        }
    )
    type: str = Field(description="`urn:sojourn:problem:` and the code.")
    title: str
    status: int
    detail: str = Field(description="What went wrong this time.")
    code: str = Field(description="Stable for machines: `gate`, `held`, `role`, `stale` ...")
    remedy: str = Field(default="", description="What would help.")
    instance: str = Field(default="", description="The path of the request.")
    request_id: str = ""
    errors: list[Fault] = Field(default_factory=list, description="Everything wrong, by place.")
    gate: Result | None = Field(default=None, description="The checks of a gate that is shut.")


class ProblemError(HTTPException):
    """A problem as an exception."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        remedy: str = "",
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.status = status
        self.code = code or CODES.get(status, "problem")
        self.remedy = remedy
        self.errors = [Fault(place=p, message=m) for p, m in errors]
        self.refusal = refusal


def problem_of(error: Exception) -> ProblemError:
    """Return the problem that an exception stands for; an unknown one is ours to mend."""
    match error:
        case ProblemError():
            return error
        case RefusedError():
            return _refused(error.refusal)
        case NotFoundError():
            return ProblemError(404, str(error))
        case RequestValidationError():
            return _invalid(error)
        case BadUnit():
            told = "the unit cannot be as it is"
            return ProblemError(422, told, errors=[(f"body.{p}", m) for p, m in error.problems])
        case InvalidWork():
            told = str(error).removeprefix(f"{error.place}: ")
            return ProblemError(422, str(error), errors=[(f"body.{error.place}", told)])
        case PathError():
            return _bad_path(error)
        case _:
            return _fault(error)


def _fault(error: Exception) -> ProblemError:
    match error:
        case HTTPException():
            return ProblemError(error.status_code, str(error.detail or ""), headers=error.headers)
        case DatabaseUnavailable():
            told = "the database is away; a change may have been made all the same"
            remedy = "try again; a change under the same Idempotency-Key, which makes it once"
            return ProblemError(503, told, remedy=remedy, headers={"Retry-After": "2"})
        case LostPlace():
            told = "another request with this Idempotency-Key has taken over"
            return ProblemError(409, told, code="in_flight")
        case _:
            return ProblemError(500, "something went wrong on our side", code="internal")


def _refused(refusal: Refusal) -> ProblemError:
    status = STATUS.get(refusal.code, 409)
    return ProblemError(
        status, refusal.message, code=refusal.code, remedy=refusal.remedy, refusal=refusal
    )


def _bad_path(error: PathError) -> ProblemError:
    found = [(f"{p.line}:{p.column} {p.place}".strip(), p.message) for p in error.problems]
    return ProblemError(422, "the path cannot be used as it is", errors=found)


def _invalid(error: RequestValidationError) -> ProblemError:
    found = error.errors()
    if any(e["type"] in ("json_invalid", "json_type") for e in found):
        why = found[0].get("ctx", {}).get("error", "")
        return ProblemError(400, f"the body is not JSON: {why}".rstrip(": "))
    errors = [(_place(e["loc"]), e["msg"]) for e in found]
    told = "; ".join(f"{place}: {message}" for place, message in errors[:3])
    return ProblemError(422, told or "the request cannot be understood", errors=errors)


def invalid_lines(error: ValidationError, place: str) -> ProblemError:
    """Return the problem of a list of which some items cannot be read."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:50]
    errors = [(_place((place, *e["loc"])), e["msg"]) for e in found]
    told = "; ".join(f"{where}: {message}" for where, message in errors[:3])
    return ProblemError(422, told, errors=errors)


def _place(loc: Iterable[Any]) -> str:
    parts = [f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc]
    return "".join(parts).removeprefix(".")


def answer(request: Request, error: ProblemError) -> Response:
    """Return a problem as a response."""
    try:
        title = HTTPStatus(error.status).phrase
    except ValueError:
        title = "Problem"
    result = error.refusal.result if error.refusal else None
    problem = Problem(
        type=f"urn:sojourn:problem:{error.code}",
        title=title,
        status=error.status,
        detail=error.detail or title,
        code=error.code,
        remedy=error.remedy,
        instance=request.url.path,
        request_id=getattr(request.state, "request_id", ""),
        errors=error.errors,
        gate=result_of(result) if result else None,
    )
    body = problem.model_dump_json(exclude_defaults=True)
    return Response(body, error.status, error.headers, MEDIA_TYPE)


async def handle(request: Request, error: Exception) -> Response:
    """Answer an exception; one that is not foreseen is logged with its trace, and not shown."""
    problem = problem_of(error)
    if problem.code == "internal":
        log.error("a request failed", path=shown(request.scope), exc_info=error)
    return answer(request, problem)


def shown(scope: Scope) -> str:
    """Return a request's path for the log: without a token that is all the right its sender needs."""
    path: str = scope["path"]
    token = scope.get("path_params", {}).get("token")
    return path.replace(token, "\N{HORIZONTAL ELLIPSIS}") if token else path
