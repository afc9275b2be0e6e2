"""A search service on loopback in the test's own event loop."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sojourn.sandbox.search_service.application import application
from sojourn.sandbox.search_service.service import Options
from sojourn.sandbox.search_service.tokens import Tokens
from sojourn.sandbox.serving import serving
from tests.sandbox.search_service.clients import Client


@pytest.fixture
def options() -> Options:
    """How the service behaves; tests override it."""
    return Options("secret")


@pytest.fixture
async def client(options: Options) -> AsyncIterator[Client]:
    async with serving(application(options)) as url, httpx.AsyncClient() as http:
        yield Client(http, url, Tokens(options.secret))
