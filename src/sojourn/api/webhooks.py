"""Webhooks: who is told of which events, what was delivered, and how to try it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from sojourn.api.auth import allow
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import Asked, Line, Text
from sojourn.api.problems import ProblemError
from sojourn.api.routes import Cursor, Limit, Page, cursor_of, paged, place_of, router
from sojourn.control import webhooks as control
from sojourn.control.keys import Principal
from sojourn.store import deliveries
from sojourn.store import webhooks as store

webhooks = router("webhooks")
Admin = Annotated[Principal, Depends(allow("managing webhooks", "admin"))]


class Subscription(BaseModel):
    """A URL that is told of events."""

    subscription_id: UUID
    url: str
    label: str
    types: list[str]
    client_id: str | None
    active: bool
    why_inactive: str
    failing_since: datetime | None
    created_at: datetime
    created_by: str
    pending: int = Field(description="Deliveries that are still to be made.")


class NewSubscription(Asked):
    """Whom to tell of what."""

    url: Annotated[str, Field(min_length=8, max_length=2000)] = Field(
        examples=["https://example.com/hooks/sojourn"]
    )
    types: list[Line] = Field(
        default_factory=lambda: ["*"],
        min_length=1,
        max_length=50,
        examples=[["transition", "rollback.*"]],
        description="Types of events; one that ends in `*` stands for all that begin so.",
    )
    client_id: Line | None = Field(default=None, description="Events of one client only.")
    label: Text = ""


class Created(BaseModel):
    """A new subscription; its secret is shown this once."""

    secret: str = Field(description="`whsec_…`, for Standard Webhooks libraries.")
    subscription: Subscription


class Secret(BaseModel):
    """A new secret; messages are signed with the one before it as well."""

    secret: str


class Delivery(BaseModel):
    """One event for one subscription, however often it was tried."""

    delivery_id: UUID = Field(description="The `webhook-id` of every attempt.")
    subscription_id: UUID
    journey_id: UUID | None
    seq: int | None
    type: str
    status: Literal["pending", "delivered", "failed"]
    attempts: int
    due_at: datetime | None
    last_status: int | None
    last_error: str
    created_at: datetime
    ended_at: datetime | None
    replay_of: UUID | None


@webhooks.post("/webhooks", status_code=201, summary="Subscribe")
async def subscribe(request: Request, body: NewSubscription, principal: Admin) -> Created:
    """Tell a URL of events from now on; the answer alone shows the secret."""
    made = await control.subscribe(
        door_of(request),
        body.url,
        body.types,
        principal.actor,
        label=body.label,
        client_id=body.client_id,
        private=context_of(request).options.private_webhooks,
    )
    return Created(secret=made.secret, subscription=Subscription(**made.row))


@webhooks.get("/webhooks", summary="Subscriptions")
async def list_subscriptions(request: Request, principal: Admin) -> list[Subscription]:  # noqa: ARG001
    """Return all subscriptions."""
    async with door_of(request).db.connection() as connection:
        return [Subscription(**row) for row in await store.list_subscriptions(connection)]


@webhooks.get("/webhooks/{subscription_id}", summary="One subscription")
async def get_subscription(
    request: Request,
    subscription_id: UUID,
    principal: Admin,  # noqa: ARG001
) -> Subscription:
    """Return a subscription."""
    return await _found(request, subscription_id)


async def _found(request: Request, subscription_id: UUID) -> Subscription:
    async with door_of(request).db.connection() as connection:
        rows = await store.list_subscriptions(connection, subscription_id)
    if not rows:
        raise _missing(subscription_id)
    return Subscription(**rows[0])


def _missing(subscription_id: UUID) -> ProblemError:
    return ProblemError(404, f"there is no subscription {subscription_id}")


@webhooks.delete("/webhooks/{subscription_id}", status_code=204, summary="Unsubscribe")
async def unsubscribe(request: Request, subscription_id: UUID, principal: Admin) -> None:  # noqa: ARG001
    """Remove a subscription with its log; what is still to be delivered is dropped."""
    async with door_of(request).db.transaction() as connection:
        if not await store.delete(connection, subscription_id):
            raise _missing(subscription_id)


class Switch(Asked):
    """On or off."""

    active: bool
    why: Text = ""


@webhooks.post("/webhooks/{subscription_id}/switch", summary="Switch on or off")
async def switch(
    request: Request,
    subscription_id: UUID,
    body: Switch,
    principal: Admin,  # noqa: ARG001
) -> Subscription:
    """Switch a subscription off, or on again after it was disabled; what waits goes out then."""
    async with door_of(request).db.transaction() as connection:
        if not await store.switch(connection, subscription_id, active=body.active, why=body.why):
            raise _missing(subscription_id)
        await deliveries.tell(connection)
    return await _found(request, subscription_id)


@webhooks.post("/webhooks/{subscription_id}/rotate", summary="New secret")
async def rotate(request: Request, subscription_id: UUID, principal: Admin) -> Secret:  # noqa: ARG001
    """Give a new secret; until the next one, messages are signed with both."""
    secret = control.new_secret()
    async with door_of(request).db.transaction() as connection:
        if not await store.rotate(connection, subscription_id, secret):
            raise _missing(subscription_id)
    return Secret(secret=secret)


@webhooks.post("/webhooks/{subscription_id}/test", status_code=202, summary="Send a test")
async def send_test(request: Request, subscription_id: UUID, principal: Admin) -> Delivery:  # noqa: ARG001
    """Send an event of type webhook.test."""
    async with door_of(request).db.transaction() as connection:
        delivery_id = await deliveries.add_test(connection, subscription_id)
        if delivery_id is None:
            raise _missing(subscription_id)
        [row] = await deliveries.log(connection, subscription_id, delivery_id=delivery_id)
    return Delivery(**row)


@webhooks.get("/webhooks/{subscription_id}/deliveries", summary="Delivery log")
async def list_deliveries(
    request: Request,
    subscription_id: UUID,
    principal: Admin,  # noqa: ARG001
    status: Literal["pending", "delivered", "failed"] | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Delivery]:
    """Return deliveries, the newest first, with how their last attempt went."""
    place = place_of(cursor, str, str)
    before = (_time(place[0]), _uuid(place[1])) if place else None
    await _found(request, subscription_id)
    async with door_of(request).db.connection() as connection:
        rows = await deliveries.log(
            connection, subscription_id, limit + 1, status=status, before=before
        )
    page, following = paged(
        rows, limit, lambda r: cursor_of(r["created_at"].isoformat(), str(r["delivery_id"]))
    )
    return Page(items=[Delivery(**row) for row in page], next=following)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ProblemError(422, "this cursor is none of ours; begin without one") from None
    if found.tzinfo is None:
        raise ProblemError(422, "this cursor is none of ours; begin without one")
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ProblemError(422, "this cursor is none of ours; begin without one") from None


@webhooks.post(
    "/webhooks/{subscription_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    summary="Deliver again",
)
async def replay(
    request: Request,
    subscription_id: UUID,
    delivery_id: UUID,
    principal: Admin,  # noqa: ARG001
) -> Delivery:
    """Send the event of a delivery once more, as a delivery of its own."""
    async with door_of(request).db.transaction() as connection:
        fresh = await deliveries.replay(connection, subscription_id, delivery_id)
        if fresh is None:
            raise ProblemError(404, f"the subscription has no delivery {delivery_id}")
        [row] = await deliveries.log(connection, subscription_id, delivery_id=fresh)
    return Delivery(**row)
