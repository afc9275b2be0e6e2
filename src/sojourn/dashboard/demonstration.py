"""Starting the demonstration fleet from the empty page."""

from starlette.responses import Response

from sojourn.dashboard.asking import Asked, DeniedError


async def demo(asked: Asked) -> Response:
    """Start the demonstration and go to it; it runs beside this house, on data of its own.

    The page leads there by itself: a form may not be answered with another host's address.
    """
    await asked.form()
    if not asked.operates or asked.site.demo is None:
        raise DeniedError("Starting the demonstration needs the role operator or admin.")
    url = await asked.site.demo()
    return await asked.page("demo.html", "The demo fleet runs", url=url)
