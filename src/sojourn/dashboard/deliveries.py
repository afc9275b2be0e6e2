"""Deliveries: what webhooks and people's channels were sent, how it went, and sending it again."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from starlette.responses import RedirectResponse, Response

from sojourn.control.door import NotFoundError
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.statuses import DELIVERY
from sojourn.store import dashboard as store
from sojourn.store import deliveries as outbox
from sojourn.store import notices, webhooks

MOST: Final = 200
WHAT: Final = "Looking at deliveries"
DONE: Final = {
    "test": "A test event is on its way.",
    "replay": "The event is sent again, as a delivery of its own.",
}


async def deliveries(asked: Asked) -> Response:
    """Show webhooks, and what was delivered to them and to people."""
    asked.administer(WHAT)
    status, hook = asked.given("status"), _id(asked.given("webhook", 36))
    status = status if status in DELIVERY else ""
    async with asked.door.db.connection() as connection:
        hooks = await webhooks.list_subscriptions(connection)
        rows = await store.deliveries(connection, asked.most(MOST), hook, status or None)
        sent = await notices.log(connection, asked.most(MOST), status=status or None)
    return await asked.page(
        "deliveries.html",
        "Deliveries",
        hooks=hooks,
        rows=rows,
        notices=sent,
        hook=str(hook or ""),
        chosen=status,
        statuses=[name for name in DELIVERY if name != "dropped"],
        done=DONE.get(asked.given("done"), ""),
        most=MOST,
        # Deliveries are in real time; the journeys' clock may run faster.
        real=datetime.now(UTC),
    )


async def send_test(asked: Asked) -> Response:
    """Send a test event to a webhook."""
    asked.administer("Sending a test event")
    await asked.form()
    hook = UUID(str(asked.request.path_params["webhook"]))
    async with asked.door.db.transaction() as connection:
        if await outbox.add_test(connection, hook) is None:
            raise NotFoundError("That webhook is not there any more; somebody has removed it.")
    return RedirectResponse(f"/deliveries?webhook={hook}&done=test", 303)


async def replay(asked: Asked) -> Response:
    """Deliver an event once more."""
    asked.administer("Sending an event again")
    await asked.form()
    hook, delivery = (UUID(str(asked.request.path_params[n])) for n in ("webhook", "delivery"))
    async with asked.door.db.transaction() as connection:
        if await outbox.replay(connection, hook, delivery) is None:
            raise NotFoundError("That delivery is not there any more; old ones are forgotten.")
    return RedirectResponse(f"/deliveries?webhook={hook}&done=replay", 303)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
