"""A real browser for the pages, and a server of the pages for it, both in the test's own loop."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from starlette.types import ASGIApp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"laptop": (1440, 900), "phone": (390, 844), "wall": (2560, 1440)}


def executable() -> str:
    """Return the installed browser; without one the tests skip, but never in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and not os.environ.get("CI"):
        pytest.skip("no Chromium is installed: apt-get install chromium")
    assert found, "CI needs Chromium: apt-get install chromium"
    return found


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free port of the loopback, and yield its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listening.close()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Lend a headless browser."""
    path = executable()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=ARGS)
        try:
            yield opened
        finally:
            await opened.close()


@asynccontextmanager
async def page(
    opened: Browser, size: str = "laptop", *, dark: bool = False, script: bool = True
) -> AsyncIterator[Page]:
    """Lend a page of a size; whatever the console complains of fails the test."""
    width, height = SIZES[size]
    context = await opened.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    shown = await context.new_page()
    complaints: list[str] = []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    try:
        yield shown
    finally:
        await context.close()
    # A stream that is not there in a test of the pages alone is no complaint of the pages.
    assert [c for c in complaints if "status of 4" not in c and "status of 5" not in c] == []
