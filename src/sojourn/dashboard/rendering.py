"""Drawing pages from templates, with the page's frame and our own headers."""

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from sojourn.dashboard import telling
from sojourn.dashboard.attention import action_of
from sojourn.dashboard.icons import icon
from sojourn.dashboard.statuses import status

STATIC: Final = files("sojourn.dashboard") / "static"


@cache
def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, which may be kept."""
    return f"/static/{sha256((STATIC / name).read_bytes()).hexdigest()[:12]}/{name}"


@cache
def environment() -> Environment:
    """Return the templates' environment; a name that is missing is an error, not a blank."""
    made = Environment(
        loader=PackageLoader("sojourn.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(asset=asset, icon=icon, status=status, action_of=action_of)
    names = (
        "ago",
        "when",
        "day",
        "days",
        "seconds",
        "percent",
        "number",
        "plain",
        "listed",
        "page_of",
    )
    made.filters.update({name: getattr(telling, name) for name in names})
    return made


def draw(template: str, status_code: int = 200, **values: Any) -> HTMLResponse:
    """Return a template as a page."""
    return HTMLResponse(environment().get_template(template).render(values), status_code)
