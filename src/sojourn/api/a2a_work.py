"""What a message asks for, and what comes of it: an errand carried out, a question, a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from a2a.types import Message
from a2a.utils.errors import InternalError
from google.protobuf.json_format import MessageToDict
from pydantic import ValidationError

from sojourn.agents.a2a_parts import whole
from sojourn.api.a2a_tasks import result
from sojourn.api.callers import Caller
from sojourn.api.documents import result_of
from sojourn.api.errands import ERRANDS, Errand
from sojourn.api.phrases import errand_named, spoken, understood
from sojourn.api.problems import ProblemError, problem_of
from sojourn.api.repeats import once_only

log = structlog.get_logger()
JSON: Final = "application/json"
SKILL: Final = "skill"


class UnderWay(Exception):
    """The same message is being worked on already, by another request."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a message: how its task stands, what is said, and what is kept of it."""

    state: str
    said: str
    skill: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    artifacts: tuple[dict[str, Any], ...] = ()
    journey_id: UUID | None = None
    until_stage: str | None = None
    lasts: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A message as it is read: an errand's name where it has one, arguments, and a text."""

    name: str
    arguments: Mapping[str, Any]
    text: str


def read(message: Message) -> Given:
    """Return what a message says: its data parts together, and its texts."""
    data: dict[str, Any] = {}
    texts: list[str] = []
    for part in message.parts:
        kind = part.WhichOneof("content")
        if kind == "data":
            _merge(data, whole(MessageToDict(part.data)))
        elif kind == "text" and part.media_type.partition(";")[0].strip() == JSON:
            _merge(data, _parsed(part.text))
        elif kind == "text":
            texts.append(part.text)
    name = data.pop(SKILL, "")
    return Given(errand_named(str(name)) if name else "", data, " ".join(texts).strip())


def _merge(data: dict[str, Any], value: Any) -> None:
    if isinstance(value, Mapping):
        data.update(value)


def _parsed(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


async def begin(caller: Caller, given: Given, key: str) -> Came:
    """Carry out what a first message asks for."""
    name, arguments = given.name, dict(given.arguments)
    if not name:
        phrase = understood(given.text)
        if phrase is None:
            return Came("rejected", _help(), request=arguments)
        name, arguments = phrase[0], {**phrase[1], **arguments}
    return await _perform(caller, name, arguments, key)


async def go_on(caller: Caller, given: Given, key: str, row: Mapping[str, Any]) -> Came:
    """Carry on with what was asked for before, with what a further message adds."""
    known = dict(row["request"])
    missing = list(known.pop("missing", ()))
    added = dict(given.arguments)
    if given.text and len(missing) == 1 and missing[0] not in added:
        added[missing[0]] = spoken(given.text) if missing[0] == "value" else given.text
    return await _perform(caller, given.name or row["skill"], known | added, key)


async def _perform(caller: Caller, name: str, arguments: dict[str, Any], key: str) -> Came:
    errand = ERRANDS.get(name)
    if errand is None:
        return Came("rejected", f"there is no skill {name!r:.60}. {_help()}", request=arguments)
    try:
        asked = errand.takes.model_validate(arguments)
    except ValidationError as error:
        return _unclear(errand, arguments, error)
    try:
        if errand.writes:
            told = {"errand": name, "arguments": asked.model_dump(mode="json")}
            answer = await once_only(caller, key, told, lambda own: _run(own, errand, asked))
        else:
            answer = await _run(caller, errand, asked)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the task says so
        return _refused(errand, arguments, error)
    return _done(errand, arguments, answer)


async def _run(caller: Caller, errand: Errand, asked: Any) -> dict[str, Any]:
    return (await errand.run(caller, asked)).model_dump(mode="json")


def _done(errand: Errand, arguments: dict[str, Any], answer: dict[str, Any]) -> Came:
    text = str(answer.get("text") or " ".join(answer.get("sentences", ())))
    made = (result(errand.name, text, answer),)
    until = arguments.get("until")
    if until is None:
        return Came("completed", text, errand.name, arguments, made)
    journey = UUID(answer["journey"]["journey_id"])
    return Came("working", text, errand.name, arguments, made, journey, until)


def _unclear(errand: Errand, arguments: dict[str, Any], error: ValidationError) -> Came:
    """Ask for what is missing; refuse what is wrong."""
    faults = error.errors(include_url=False, include_input=False)
    missing = [str(f["loc"][0]) for f in faults if f["type"] == "missing"]
    if len(missing) == len(faults):
        asks = ", ".join(f"{m} ({_about(errand, m)})" for m in missing)
        request = {**arguments, "missing": missing}
        return Came("input_required", f"{errand.title}: give {asks}.", errand.name, request)
    told = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in faults)
    return Came("rejected", told, errand.name, arguments)


def _about(errand: Errand, name: str) -> str:
    told = errand.takes.model_fields[name].description or name
    return told.rstrip(".").lower()


def _refused(errand: Errand, arguments: dict[str, Any], error: Exception) -> Came:
    problem = problem_of(error)
    if problem.code == "in_flight":
        raise UnderWay
    if problem.status >= 500:
        log.error("an errand failed", errand=errand.name, exc_info=error)
        raise InternalError(message=problem.detail) from None
    told = f"{problem.detail}. {problem.remedy}".rstrip(". ") + "."
    state = "failed" if problem.status == 409 else "rejected"
    document = {"code": problem.code, "detail": problem.detail, "remedy": problem.remedy}
    return Came(
        state, told, errand.name, arguments, (result("problem", told, document | _gate(problem)),)
    )


def _gate(problem: ProblemError) -> dict[str, Any]:
    found = problem.refusal.result if problem.refusal else None
    if found is None:
        return {}
    return {"gate": result_of(found).model_dump(mode="json")}


def _help() -> str:
    examples = "; ".join(errand.example for errand in ERRANDS.values())
    return f"Send data with a skill ({', '.join(ERRANDS)}) or say, for example: {examples}."
