"""About this installation, and signing in and out."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sojourn.dashboard import forms
from sojourn.dashboard.asking import Asked, site_of
from sojourn.dashboard.rendering import draw
from sojourn.store import search

REFUSED: Final = {
    "old": "That sign-in was not begun here, or took too long. Begin again.",
    "denied": "You were not signed in over there.",
    "role": "Your account is in no group that may come in here. Ask an administrator.",
    "failed": "Signing in did not succeed. Try again; if it stays so, the server's log says why.",
}
"""Why nobody was signed in, by what the API says of it."""


async def about(asked: Asked) -> Response:
    """Show what runs here, and as whom one is signed in."""
    async with asked.door.db.connection() as connection:
        figures: dict[str, Any] = await search.figures(connection)
    speed = getattr(asked.door.clock, "speed", 1.0)
    return await asked.page("about.html", "About", figures=figures, speed=speed)


async def login(request: Request) -> Response:
    """Show how to sign in, or sign in with a key."""
    site, goal, wrong = site_of(request), safe(request.query_params.get("next", "/")), ""
    if request.method == "POST" and site.sign_in is not None:
        form = await forms.read(request)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise forms.BadFormError("Sign in on our own page.")
        goal = safe(form.get("next", "/"))
        begun = await site.sign_in(request, form.get("key", "")[:200])
        if begun is not None:
            # A header holds no other letters than Latin ones; a redirection writes them so.
            begun.headers["location"] = RedirectResponse(goal).headers["location"]
            begun.status_code = 303
            return begun
        wrong = "The key is unknown, expired or revoked."
    given = {"goal": goal, "wrong": wrong, "by_key": bool(site.sign_in)}
    old = request.query_params.get("link") == "old"
    sso = {"sso": site.sso, "refused": REFUSED.get(request.query_params.get("sso", ""), "")}
    return draw("login.html", 401 if wrong else 200, title="Sign in", old_link=old, **given, **sso)


def safe(goal: str) -> str:
    """Return an address of ours to go on to; anything else is the first page."""
    local = goal.startswith("/") and not goal.startswith(("//", "/\\")) and goal.isprintable()
    return goal if local and "\\" not in goal else "/"


async def logout(asked: Asked) -> Response:
    """End the session."""
    await asked.form()
    if asked.site.sign_out is None:
        return RedirectResponse("/", 303)
    return await asked.site.sign_out(asked.request)
