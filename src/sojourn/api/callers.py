"""Somebody who asks through another protocol than the API's own, within the same rights."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request

from sojourn.api.auth import Asking, Who, forbidden, may, note, reads
from sojourn.api.context import Context
from sojourn.api.problems import ProblemError
from sojourn.control.door import Door, NotFoundError, RefusedError, resolve
from sojourn.control.keys import Principal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, of whom, through which door; the door may open once only."""

    principal: Principal
    context: Context
    door: Door
    request: Request

    @property
    def who(self) -> Who:
        """Return what every command says of who asks."""
        return {"actor": self.principal.actor, "roles": self.principal.roles}

    @property
    def owner(self) -> str:
        """Return whose tasks this caller's are: an actor's, whichever key they use."""
        bound = self.principal.client_id or self.principal.agent_id
        return f"{self.principal.actor}@{bound}" if bound else self.principal.actor

    def may(self, asked: str, *roles: str) -> None:
        """Refuse a caller that has none of some roles."""
        may(self.principal, asked, *roles)

    async def on(self, client: str, asked: str) -> "On":
        """Return the journey of a name, for those who may look at it; a refusal is noted."""
        known = reads(self.principal)
        if not (known or self.principal.client_id):
            raise forbidden(self.principal, "looking at a journey", "viewer")
        try:
            journey_id = await resolve(self.door, client)
        except NotFoundError as error:
            # What else there is, is not a client's business.
            raise error if known else _none(client) from None
        found = On(self, journey_id)
        own = self.principal.client_id
        if own and (await found.row())["client_id"] != own:
            why = f"{self.principal.actor} may look at {own} only"
            await note(self.context, journey_id, self.principal, asked, why)
            raise _none(client)
        return found


class On(Asking):
    """A caller who asks something of one journey."""

    def __init__(self, caller: Caller, journey_id: UUID) -> None:
        super().__init__(caller.request, caller.principal, journey_id)
        self._caller = caller

    @property
    def door(self) -> Door:
        """Return the caller's door."""
        return self._caller.door

    @property
    def context(self) -> Context:
        """Return what the caller works with."""
        return self._caller.context

    async def refusing(self, work: Awaitable[T]) -> T:
        """Await a change; that the path wants another role is noted like any refusal of rights."""
        try:
            return await work
        except RefusedError as error:
            if error.refusal.code == "role":
                asked = error.refusal.message
                await note(self.context, self.journey_id, self.principal, "command", asked)
            raise


def _none(client: str) -> ProblemError:
    return ProblemError(404, f"there is no journey of client {client!r}")
