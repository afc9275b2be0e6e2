"""What people do to a journey: each action is one command, previewed or carried out."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import Field

from sojourn.api.auth import ASKING, Asking
from sojourn.api.documents import Asked, Json, Line, Text
from sojourn.api.etags import etag, expected, stale
from sojourn.api.journeys import Changed, changed_by
from sojourn.api.routes import CONDITIONAL, Dry, router
from sojourn.control import change, preview
from sojourn.core import commands
from sojourn.core.commands import Command
from sojourn.core.decision import Decision
from sojourn.paths.forms import Duration
from sojourn.store.conditions import StaleError, at

actions = router("actions", prefix="/journeys/{ref}")
HEEDS = {f"x-{CONDITIONAL}": True}
OPERATORS = ("operator", "admin")


class Why(Asked):
    """A reason."""

    reason: Text = Field(default="", examples=["the client asked for it"])


class Because(Asked):
    """A reason that has to be given."""

    reason: Text = Field(min_length=1, examples=["the client asked for it"])


class Approval(Why):
    """An approval of one criterion."""

    criterion: Line = Field(examples=["demo_approved"])
    evidence_hash: Text = Field(
        default="", description="The `evidence_hash` of what was looked at; a change since is 409."
    )


class Rejection(Because):
    """A rejection of one criterion."""

    criterion: Line = Field(examples=["demo_approved"])


class Waiver(Because):
    """One criterion set aside for a time."""

    criterion: Line = Field(examples=["search_precision"])
    lasts: Duration = timedelta(days=7)


class Rollback(Because):
    """A rollback, by default to the previous stable stage."""

    trigger: Line = Field(default="client_request", examples=["security_vulnerability"])
    target: Line | None = Field(default=None, examples=["sandbox"])


class Retry(Why):
    """Failed tasks to be sent again: all of the visit, or those named."""

    unit: Text = Field(default="", description="A unit's name or id.")
    task: Text = ""


class Answer(Why):
    """The answer to an agent's question; without names, to the only one that is open."""

    answer: Json = Field(examples=["yes", {"approved": True}])
    unit: Text = ""
    task: Text = ""


class Act:
    """One action of somebody on a journey."""

    def __init__(
        self,
        request: Request,
        response: Response,
        asked: Annotated[Asking, ASKING],
        dry_run: Dry = False,
    ) -> None:
        self._request = request
        self._response = response
        self._asked = asked
        self._dry_run = dry_run
        self.who = asked.who

    async def may(self, asked: str, *roles: str) -> None:
        """Refuse somebody who has none of some roles."""
        await self._asked.may(asked, *roles)

    async def may_rule(self, asked: str) -> None:
        """Refuse somebody who has no role that a criterion could ask for."""
        await self._asked.may_rule(asked)

    async def do(self, command: Command) -> Changed:
        """Carry a command out, or only say what it would do."""
        decision = await self._decision(command)
        changed = changed_by(self._asked.door, decision, dry_run=self._dry_run)
        if not self._dry_run:
            self._response.headers["ETag"] = etag(changed.journey.seq)
        return changed

    async def _decision(self, command: Command) -> Decision:
        door, journey_id = self._asked.door, self._asked.journey_id
        seqs = expected(self._request)
        if self._dry_run:
            decision = await preview(door, journey_id, command)
            if seqs is not None and decision.before.seq not in seqs:
                raise stale(decision.before.seq)
            return decision
        if seqs is not None:
            door = replace(door, db=at(door.db, journey_id, seqs))
        try:
            return await change(door, journey_id, command)
        except StaleError as error:
            raise stale(error.seq) from None


Acting = Annotated[Act, Depends()]
EMPTY = Why()
ALL = Retry()


@actions.post("/promote", openapi_extra=HEEDS, summary="Pass the gate")
async def promote(act: Acting, body: Why = EMPTY) -> Changed:
    """Pass the gate that the journey stands before; 409 with its checks where it is shut."""
    await act.may("promoting", *OPERATORS)
    command = commands.Promote(**act.who, reason=body.reason)
    return await act.do(command)


@actions.post("/approve", openapi_extra=HEEDS, summary="Approve a criterion")
async def approve(act: Acting, body: Approval) -> Changed:
    """Approve, on the evidence as it stands; the path says which roles may, and how many it takes."""
    await act.may_rule("approving")
    command = commands.Approve(
        **act.who,
        reason=body.reason,
        criterion=body.criterion,
        evidence_hash=body.evidence_hash,
    )
    return await act.do(command)


@actions.post("/reject", openapi_extra=HEEDS, summary="Reject a criterion")
async def reject(act: Acting, body: Rejection) -> Changed:
    """Reject: the criterion fails until the same person approves it."""
    await act.may_rule("rejecting")
    command = commands.Reject(**act.who, reason=body.reason, criterion=body.criterion)
    return await act.do(command)


@actions.post("/waive", openapi_extra=HEEDS, summary="Set a criterion aside")
async def waive(act: Acting, body: Waiver) -> Changed:
    """Waive a criterion for a time, by a role that the gate names."""
    await act.may_rule("waiving")
    command = commands.Waive(
        **act.who, reason=body.reason, criterion=body.criterion, lasts=body.lasts
    )
    return await act.do(command)


@actions.post("/rollback", openapi_extra=HEEDS, summary="Roll back")
async def roll_back(act: Acting, body: Rollback) -> Changed:
    """Roll the journey back; with `dry_run` say exactly what would be undone, and what cannot."""
    await act.may("rolling back", *OPERATORS)
    command = commands.RollBack(
        **act.who, reason=body.reason, trigger=body.trigger, target=body.target
    )
    return await act.do(command)


@actions.post("/hold", openapi_extra=HEEDS, summary="Hold")
async def hold(act: Acting, body: Because) -> Changed:
    """Freeze the journey's clocks and dispatch."""
    await act.may("holding", *OPERATORS)
    command = commands.HoldJourney(**act.who, reason=body.reason)
    return await act.do(command)


@actions.post("/resume", openapi_extra=HEEDS, summary="End a hold")
async def resume(act: Acting, body: Why = EMPTY) -> Changed:
    """Let clocks and dispatch go on where they stood."""
    await act.may("resuming", *OPERATORS)
    command = commands.Resume(**act.who, reason=body.reason)
    return await act.do(command)


@actions.post("/cancel", openapi_extra=HEEDS, summary="Cancel")
async def cancel(act: Acting, body: Because) -> Changed:
    """End the journey without success; what still runs is withdrawn."""
    await act.may("cancelling", *OPERATORS)
    command = commands.Cancel(**act.who, reason=body.reason)
    return await act.do(command)


@actions.post("/retry", openapi_extra=HEEDS, summary="Send failed tasks again")
async def retry(act: Acting, body: Retry = ALL) -> Changed:
    """Send failed tasks again; a hold of the engine's own ends with it."""
    await act.may("retrying", *OPERATORS)
    command = commands.RetryFailed(**act.who, reason=body.reason, unit=body.unit, task=body.task)
    return await act.do(command)


@actions.post("/answer", openapi_extra=HEEDS, summary="Answer an agent's question")
async def answer(act: Acting, body: Answer) -> Changed:
    """Continue a task that waits for a person."""
    await act.may("answering", *OPERATORS)
    command = commands.AnswerQuestion(
        **act.who, reason=body.reason, answer=body.answer, unit=body.unit, task=body.task
    )
    return await act.do(command)
