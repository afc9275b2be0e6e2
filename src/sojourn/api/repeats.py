"""Errands under a key: a repetition is answered as the first time, and carried out only once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import orjson

from sojourn.api.callers import Caller
from sojourn.api.problems import ProblemError, problem_of
from sojourn.store import idempotency
from sojourn.store.idempotency import Place, once
from sojourn.store.sets import Row

BUSY: Final = timedelta(minutes=2)
LASTS: Final = timedelta(hours=24)
UNKEPT: Final = (401, 403, 429)
"""Refusals that say nothing of the errand itself: it may be asked for again."""
Answer = dict[str, Any]
Work = Callable[[Caller], Awaitable[Answer]]


async def once_only(caller: Caller, key: str, asked: Answer, work: Work) -> Answer:
    """Carry an errand out under a key, or return what came of it the first time.

    Raises what the errand raises, each time it is repeated; ProblemError where the key was used for
    something else, or the errand is under way.
    """
    digest = sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()
    place = Place(f"errand:{caller.owner}", key)
    async with caller.door.db.connection() as connection:
        attempt = await idempotency.begin(connection, place, digest, BUSY, LASTS)
        known = None if attempt else await idempotency.find(connection, place)
    if attempt is None:
        return _kept(known, digest)
    place = replace(place, attempt=attempt)
    own = replace(caller, door=replace(caller.door, db=once(caller.door.db, place)))
    return await _carried_out(own, place, work)


async def _carried_out(caller: Caller, place: Place, work: Work) -> Answer:
    status, body = 0, b""
    try:
        done = await work(caller)
        status, body = 200, orjson.dumps(done)
        return done
    except Exception as error:
        problem = problem_of(error)
        if problem.status < 500 and problem.status not in UNKEPT:
            told = {"detail": problem.detail, "code": problem.code, "remedy": problem.remedy}
            status, body = problem.status, orjson.dumps(told)
        raise
    finally:
        await _keep(caller, place, status, body)


async def _keep(caller: Caller, place: Place, status: int, body: bytes) -> None:
    async with caller.context.door.db.connection() as connection:
        if status:
            await idempotency.answer(connection, place, status, {}, body)
        else:
            await idempotency.release(connection, place)


def _kept(known: Row | None, digest: bytes) -> Answer:
    """Return the answer that was kept, or say why there is none."""
    if known is not None and bytes(known["request"]) != digest:
        told = "this key was used for something else"
        raise ProblemError(422, told, code="key_reused", remedy="use a new one")
    if known is not None and known["status"] is not None:
        answer: Answer = orjson.loads(bytes(known["body"]))
        if known["status"] < 400:
            return answer
        raise ProblemError(
            known["status"], answer["detail"], code=answer["code"], remedy=answer["remedy"]
        )
    if known is not None and known["done"] and not known["busy"]:
        told = "this was carried out, but its answer was lost"
        raise ProblemError(409, told, code="done_already", remedy="look at the journey")
    raise ProblemError(409, "this is being carried out", code="in_flight")
