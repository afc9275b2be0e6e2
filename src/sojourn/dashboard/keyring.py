"""Making and revoking keys, and ending sessions, from the page."""

from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response

from sojourn.control import keys
from sojourn.control.door import RefusedError
from sojourn.dashboard.asking import Asked
from sojourn.dashboard.settings import Shown, page
from sojourn.store import sessions

LASTING: Final = {"30": "30 days", "90": "90 days", "365": "a year", "": "until revoked"}


async def create(asked: Asked) -> Response:
    """Make a key, and show its token on the answer alone."""
    asked.administer("Making a key")
    form = await asked.form()
    days = form.get("days", "")
    try:
        made = await keys.create(
            asked.door,
            form.get("actor", "")[:200],
            form.get("roles", "").replace(",", " ").split()[:20],
            asked.who.actor,
            label=form.get("label", "")[:200],
            client_id=form.get("client") or None,
            agent_id=form.get("agent") or None,
            lasts=timedelta(days=int(days)) if days and days in LASTING else None,
        )
    except RefusedError as error:
        wrong = f"{error.refusal.message}: {error.refusal.remedy}".removesuffix(": ")
        return await page(asked, 422, wrong=wrong, form=form)
    use = f"Authorization: Bearer {made.token}"
    return await page(asked, shown=Shown(f"Key of {made.row['actor']}", made.token, use))


async def revoke(asked: Asked) -> Response:
    """Revoke a key with its sessions."""
    asked.administer("Revoking a key")
    await asked.form()
    await keys.revoke(asked.door, asked.request.path_params["prefix"])
    asked.site.forget()
    return RedirectResponse("/settings?done=revoked#keys", 303)


async def end(asked: Asked) -> Response:
    """End all sessions and login links of a person."""
    asked.administer("Ending sessions")
    form = await asked.form()
    async with asked.door.db.connection() as connection:
        await sessions.end_all(connection, form.get("actor", ""))
    asked.site.forget()
    return RedirectResponse("/settings?done=ended#sessions", 303)
