"""Measurements: one or many thousands at once, all of them or none; and reading them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from sojourn.api.auth import ASKING, Asking, forbidden, principal_of
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import Asked, JsonObject, Text
from sojourn.api.documents import Line as Word
from sojourn.api.problems import ProblemError, invalid_lines
from sojourn.api.routes import Dry, Limit, Page, router
from sojourn.control import Line, record_lines
from sojourn.control.keys import Principal
from sojourn.core.journal import keepable
from sojourn.store import measurements as store
from sojourn.store import queue

measurements = router("measurements")
JSON: Final = ("application/json", "")
LINES: Final = ("application/x-ndjson", "application/jsonl", "application/json-lines")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _late_enough(at: datetime) -> datetime:
    if at < EARLIEST:
        raise ValueError("is before 1970")
    return at


class Measurement(Asked):
    """One value of one metric for one journey, or a fact."""

    client: Word = Field(description="The client's name, the journey's key or its id.")
    metric: Word = Field(examples=["search_precision"])
    value: Any = Field(default=None, description="A finite number; a fact may be any JSON.")
    at: Annotated[AwareDatetime, AfterValidator(_late_enough)] | None = Field(
        default=None, description="With a time zone; now where there is none."
    )
    n: int = Field(default=1, ge=1, le=2**31 - 1, description="Samples behind the value.")
    source: Text = Field(default="", description="Who measured it; whoever asks by default.")
    error: Text | None = Field(default=None, description="What the source said instead.")


class Recorded(BaseModel):
    """What came of it."""

    measurements: int = Field(description="Measurements that are new.")
    known: int = Field(description="Measurements that were there already, and stay as they were.")
    facts: int
    notes: list[str] = Field(description="What may be a slip, such as a metric nobody looks at.")
    dry_run: bool


_MANY: Final = TypeAdapter(list[Measurement])
_SCHEMA: Final = {"$ref": "#/components/schemas/Measurement"}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_SCHEMA, {"type": "array", "items": _SCHEMA, "minItems": 1}]},
                "examples": {
                    "one": {"value": {"client": "acme", "metric": "precision", "value": 0.87}},
                    "many": {
                        "value": [
                            {"client": "acme", "metric": "precision", "value": 0.87, "n": 200},
                            {"client": "acme", "metric": "latency_ms", "value": 312.5},
                        ]
                    },
                },
            },
            "application/x-ndjson": {
                "schema": {"description": "One measurement on each line, as JSON."},
                "examples": {
                    "lines": {"value": '{"client":"acme","metric":"precision","value":0.87}\n'}
                },
            },
        },
    }
}


@measurements.post("/measurements", openapi_extra=_BODY, summary="Record measurements")
async def record(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],
    dry_run: Dry = False,
) -> Recorded:
    """Record one measurement, a JSON array, or JSON lines; the first bad one refuses all.

    A measurement of the same journey, metric, time and source that is there already stays.
    """
    if not principal.any_of("operator", "admin", "agent"):
        raise forbidden(principal, "recording", "operator")
    context = context_of(request)
    given = _read(await request.body(), _kind(request), context.options.bulk_lines)
    if principal.agent_id is not None:
        given = await _own(request, principal.agent_id, given)
    lines = [_line(number, one) for number, one in enumerate(given)]
    done = await record_lines(door_of(request), lines, principal.actor, dry_run=dry_run)
    return Recorded(
        measurements=done.measurements,
        known=done.known,
        facts=done.facts,
        notes=list(done.notes[:50]),
        dry_run=dry_run,
    )


def _kind(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (*JSON, *LINES):
        told = f"{kind!r:.60} is neither application/json nor application/x-ndjson"
        raise ProblemError(415, told)
    return kind


def _read(body: bytes, kind: str, most: int) -> list[Measurement]:
    if kind in LINES:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) > most:
            raise _too_many(len(lines), most)
        body = b"[" + b",".join(lines) + b"]"
    elif not body.lstrip().startswith(b"["):
        body = b"[" + body + b"]"
    try:
        found = _MANY.validate_json(body)
    except ValidationError as error:
        raise _unreadable(error) from None
    if not found:
        raise ProblemError(422, "there is no measurement in the body")
    if len(found) > most:
        raise _too_many(len(found), most)
    return found


def _unreadable(error: ValidationError) -> ProblemError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return ProblemError(400, f"the body is not JSON: {first['ctx']['error']}")
    return invalid_lines(error, "body")


def _too_many(count: int, most: int) -> ProblemError:
    return ProblemError(413, f"{count} measurements at once; {most} are allowed")


def _line(number: int, one: Measurement) -> Line:
    place = f"body[{number}]"
    try:
        keepable(one.value, f"{place}.value")
    except ValueError as error:
        raise ProblemError(422, str(error)) from None
    return Line(one.client, one.metric, one.value, one.at, one.n, one.source, one.error, place)


async def _own(request: Request, agent: str, given: list[Measurement]) -> list[Measurement]:
    """Let an agent report only on journeys that it works for, and only in its own name."""
    async with door_of(request).db.connection() as connection:
        own = await queue.journeys_of(connection, agent, (one.client for one in given))
    strange = next((one.client for one in given if one.client not in own), None)
    if strange is not None:
        told = f"agent {agent} has no task for {strange!r}; it may only report on its own"
        raise ProblemError(403, told)
    return [one.model_copy(update={"source": agent}) for one in given]


class Value(BaseModel):
    """One measurement as it is kept."""

    metric: str
    at: datetime
    value: float | None
    n: int
    source: str
    error: str | None


@measurements.get("/journeys/{ref}/measurements", summary="Measurements of a journey")
async def series(
    asked: Asking = ASKING, metric: Annotated[Word | None, Query()] = None, limit: Limit = 100
) -> Page[Value]:
    """Return the newest measurements, of one metric or of all."""
    async with asked.door.db.connection() as connection:
        rows = await store.series(connection, asked.journey_id, metric, limit)
    return Page(items=[Value(**row) for row in rows])


class Facts(Asked):
    """What is the case."""

    facts: JsonObject = Field(min_length=1, examples=[{"contract_signed": True}])
    source: Text = ""


@measurements.post("/journeys/{ref}/facts", summary="Record facts")
async def record_facts(body: Facts, asked: Asking = ASKING, dry_run: Dry = False) -> Recorded:
    """Say what is the case; each fact is an event of the journal."""
    await asked.may("recording", "operator", "admin")
    who, key = asked.principal.actor, str(asked.journey_id)
    lines = [
        Line(key, name, value, None, 1, body.source, None, f"body.facts.{name}")
        for name, value in body.facts.items()
    ]
    done = await record_lines(asked.door, lines, who, dry_run=dry_run)
    return Recorded(
        measurements=done.measurements,
        known=done.known,
        facts=done.facts,
        notes=list(done.notes),
        dry_run=dry_run,
    )
