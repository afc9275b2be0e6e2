"""Where messages go: Slack, Teams, e-mail and some hundred other services, through Apprise."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from sojourn.agents.redact import redact
from sojourn.control.routes import BadRoutes, Route

SECONDS: Final = 30.0
"""How long a service may take."""
KINDS: Final = {"page": "failure", "notify": "warning", "digest": "info"}


class Target:
    """One URL of a route."""

    def __init__(self, route: str, index: int, url: str) -> None:
        """Raises :class:`BadRoutes` for a URL that no service knows; the URL is not told."""
        # Imported here: it takes a while, and most processes send nothing.
        import apprise

        # What it logs of a URL that it does not know is the URL.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url):
            scheme = url.partition("://")[0] if "://" in url else ""
            known = f" ({scheme:.20}://…)" if scheme.isalnum() else ""
            raise BadRoutes(f"routes.{route}.urls.{index}: no service takes this URL{known}")
        self.name = f"{route}/{index}"

    @property
    def service(self) -> str:
        """Return what it is, without secrets, as ``Slack``."""
        return ", ".join(str(one.service_name) for one in self._apprise)

    async def send(self, title: str, body: str, severity: str) -> str | None:
        """Send a message; returns why it was not taken, None where it was."""
        try:
            async with asyncio.timeout(SECONDS):
                result = await self._apprise.async_notify(
                    title=title, body=body, notify_type=KINDS[severity], body_format="text"
                )
        except TimeoutError:
            return f"no answer within {SECONDS:.0f} s"
        except Exception as error:  # noqa: BLE001 -- whatever a service does is the outcome
            return redact(f"{type(error).__name__}: {error}")
        return None if result else _why(result)


def _why(result: Any) -> str:
    names = ", ".join(one.name for one in result)
    return redact(f"{names or 'the service'} did not take it ({result.status.name.lower()})")


def targets_of(routes: Sequence[Route]) -> dict[str, tuple[Target, ...]]:
    """Return each route's targets; raises :class:`BadRoutes` for a URL that no service knows."""
    return {
        route.name: tuple(Target(route.name, i, url) for i, url in enumerate(route.urls))
        for route in routes
    }
