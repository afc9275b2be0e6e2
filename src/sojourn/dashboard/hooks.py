"""Webhooks from the page: adding one, switching it off and on, a new secret, removing it."""

from uuid import UUID

from starlette.responses import RedirectResponse, Response

from sojourn.control import webhooks as control
from sojourn.control.door import NotFoundError, RefusedError
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.settings import Shown, page
from sojourn.store import deliveries, webhooks

WHAT = "Managing webhooks"
SIGNS = "Messages are signed with it, as Standard Webhooks has it."


async def add(asked: Asked) -> Response:
    """Tell a URL of events from now on, and show the secret on the answer alone."""
    asked.administer(WHAT)
    form = await asked.form()
    types = form.get("types", "*").replace(",", " ").split()[:50] or ["*"]
    try:
        made = await control.subscribe(
            asked.door,
            form.get("url", "")[:2000],
            types,
            asked.who.actor,
            label=form.get("label", "")[:200],
            client_id=form.get("client") or None,
            private=asked.site.private_webhooks,
        )
    except RefusedError as error:
        wrong = f"{error.refusal.message}; give {error.refusal.remedy}"
        return await page(asked, 422, wrong=wrong, form=form)
    return await page(asked, shown=Shown(f"Secret of {made.row['url']}", made.secret, SIGNS))


async def switch(asked: Asked) -> Response:
    """Switch a webhook off for a reason, or on again."""
    asked.administer(WHAT)
    form = await asked.form()
    active, why = form.get("active") == "yes", form.get("reason", "")[:500]
    told = "" if active else f"{why or 'switched off'} ({asked.who.actor})"
    async with asked.door.db.transaction() as connection:
        if not await webhooks.switch(connection, _hook(asked), active=active, why=told):
            raise _gone()
        await deliveries.tell(connection)
    asked.site.memo.forget()
    return RedirectResponse(f"/settings?done={'on' if active else 'off'}#webhooks", 303)


async def rotate(asked: Asked) -> Response:
    """Give a webhook a new secret, and show it on the answer alone."""
    asked.administer(WHAT)
    await asked.form()
    secret = control.new_secret()
    async with asked.door.db.transaction() as connection:
        if not await webhooks.rotate(connection, _hook(asked), secret):
            raise _gone()
    both = f"{SIGNS} The secret before it signs as well, until the next one."
    return await page(asked, shown=Shown("New secret of the webhook", secret, both))


async def remove(asked: Asked) -> Response:
    """Remove a webhook with its log."""
    asked.administer(WHAT)
    await asked.form()
    async with asked.door.db.transaction() as connection:
        if not await webhooks.delete(connection, _hook(asked)):
            raise _gone()
    return RedirectResponse("/settings?done=removed#webhooks", 303)


def _hook(asked: Asked) -> UUID:
    return UUID(str(asked.request.path_params["webhook"]))


def _gone() -> NotFoundError:
    return NotFoundError("That webhook is not there any more; somebody else was faster.")
