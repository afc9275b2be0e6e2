"""The page on which somebody does something: what it would do, a reason, and a confirmation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import RedirectResponse, Response

from sojourn.control.change import change, preview
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.core.commands import Command
from sojourn.core.decision import Refusal
from sojourn.core.paths import RollbackTrigger
from sojourn.core.view import troubles
from sojourn.dashboard.asking import Asked, DeniedError
from sojourn.dashboard.deeds import DEEDS, WEEKS, Deed
from sojourn.dashboard.effects import Effects, effects
from sojourn.dashboard.history import sentence
from sojourn.dashboard.subject import Subject, subject_of
from sojourn.store import journal
from sojourn.store.conditions import StaleError, at

PREVIEWED: Final = "(to be given)"
"""Stands for the reason while somebody only looks at what would happen."""
STATUS: Final = {"invalid": 422, "not_found": 404, "role": 403}
NEWS: Final = 20
FIELDS: Final = (
    "reason", "seq", "target", "trigger", "criterion", "days", "unit", "task", "answer",
)  # fmt: skip


async def form(asked: Asked) -> Response:
    """Show what a deed would do, and ask for its reason."""
    deed, subject = await _begun(asked)
    given = {name: asked.given(name) for name in (*deed.fields, "reason")}
    given["seq"] = str(subject.row["seq"])
    return await _page(subject, deed, given)


async def do(asked: Asked) -> Response:
    """Do it, if the journey is still as the person saw it."""
    deed, subject = await _begun(asked)
    given = await asked.form()
    seen = given.get("seq", "")
    seq = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 19 else -1
    if deed.reason and not given.get("reason"):
        missing = Refusal("invalid", "Please give a reason; it is kept in the journal.")
        return await _page(subject, deed, given, missing)
    try:
        command = deed.make(_who(asked, given.get("reason", "")), given)
        await _change(asked, subject, command, seq)
    except StaleError:
        return await _overtaken(asked, deed, given, seq)
    except RefusedError as error:
        return await _page(await subject_of(asked), deed, given, error.refusal)
    asked.site.memo.forget()
    return RedirectResponse(f"{subject.href}?done={deed.name}", 303)


async def _change(asked: Asked, subject: Subject, command: Command, seq: int) -> None:
    key, door = subject.row["journey_id"], asked.door
    await change(replace(door, db=at(door.db, key, frozenset([seq]))), key, command)


async def _begun(asked: Asked) -> tuple[Deed, Subject]:
    deed = DEEDS.get(asked.request.path_params["deed"])
    if deed is None:
        raise NotFoundError("There is no such page.")
    subject = await subject_of(asked)
    if not (asked.rules if deed.rules else asked.operates):
        await _denied(asked, deed, subject)
    return deed, subject


async def _denied(asked: Asked, deed: Deed, subject: Subject) -> None:
    needed = "approver" if deed.rules else "operator or admin"
    has = ", ".join(asked.who.roles)
    why = f"{deed.title} needs the role {needed}; {asked.who.actor} has {has}."
    if asked.request.method == "POST":
        key, door = subject.row["journey_id"], asked.door
        await asked.site.refusals.note(door, key, asked.who.actor, deed.title.lower(), why)
    raise DeniedError(why)


def _who(asked: Asked, reason: str) -> dict[str, Any]:
    return {"actor": asked.who.actor, "roles": asked.who.roles, "reason": reason}


async def _overtaken(asked: Asked, deed: Deed, given: dict[str, str], seq: int) -> Response:
    """Show what has happened since the person looked, and ask again."""
    subject = await subject_of(asked)
    async with asked.door.db.connection() as connection:
        rows = await journal.of_journey(connection, subject.row["journey_id"], max(seq, 0), NEWS)
    news = [row | {"told": sentence(row)} for row in rows]
    given = {**given, "seq": str(subject.row["seq"])}
    return await _page(subject, deed, given, news=news)


async def _page(
    subject: Subject,
    deed: Deed,
    given: Mapping[str, str],
    refusal: Refusal | None = None,
    news: list[dict[str, Any]] | None = None,
) -> Response:
    given = {**dict.fromkeys(FIELDS, ""), **given}
    would, obstacle = await _would(subject, deed, given)
    refusal = refusal or obstacle
    code = 409 if news else STATUS.get(refusal.code, 409) if refusal else 200
    # Somebody who only looks has asked for nothing that could conflict.
    code = code if subject.asked.request.method == "POST" else 200
    return await subject.asked.page(
        "act.html",
        f"{deed.title} · {subject.row['client_id']}",
        code,
        subject=subject,
        deed=deed,
        given=given,
        would=would,
        refusal=refusal,
        news=news,
        **_choices(subject, given),
    )


async def _would(
    subject: Subject, deed: Deed, given: Mapping[str, str]
) -> tuple[Effects | None, Refusal | None]:
    reason = given.get("reason") or PREVIEWED
    command = deed.make(_who(subject.asked, reason), {**given, "evidence": ""})
    try:
        decision = await preview(subject.asked.door, subject.row["journey_id"], command)
    except RefusedError as error:
        return None, error.refusal
    return effects(decision), None


def _choices(subject: Subject, given: Mapping[str, str]) -> dict[str, Any]:
    state, shot = subject.shot.state, subject.shot
    found = subject.explained()
    open_ = troubles(shot.units)
    named = (given.get("task"), given.get("unit"))
    return {
        "targets": list(dict.fromkeys((*state.completed_stages, *_afresh(subject)))),
        "triggers": [t.value for t in RollbackTrigger],
        "lasting": WEEKS,
        "explained": found,
        "evidence": found.evidence_hash,
        "failed": [t for t in open_ if t.kind == "failed"],
        "questions": [t for t in open_ if t.kind != "failed" and named[0] in ("", None, t.task_id)],
    }


def _afresh(subject: Subject) -> list[str]:
    state = subject.shot.state
    return [] if state.completed_stages or not state.active else [state.current_stage]
