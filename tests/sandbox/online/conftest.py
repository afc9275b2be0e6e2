"""A search service on loopback, and one client's instance of it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.online.wire import Wire
from sojourn.sandbox.search_service.application import application
from sojourn.sandbox.search_service.service import Options
from sojourn.sandbox.search_service.tokens import Tokens
from sojourn.sandbox.serving import serving
from tests.sandbox.online.desks import NOON, Site


@pytest.fixture
def wait() -> float:
    """How long searches take, as a share of what they take in a large installation."""
    return 0.0


@pytest.fixture
async def site(wait: float) -> AsyncIterator[Site]:
    app = application(Options("secret", wait=wait))
    async with serving(app) as url, httpx.AsyncClient() as http:
        wire = Wire(url)
        yield Site(Backend(http, url, Tokens("secret"), "medtronic", NOON, wire))
        await wire.aclose()
