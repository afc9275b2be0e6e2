from pathlib import Path

import httpx

from sojourn.sandbox.processes import Child
from sojourn.sandbox.search_service.tokens import Tokens
from tests.sandbox.search_service.clients import Client, document


async def test_a_killed_service_finds_everything_again(tmp_path: Path) -> None:
    config = {"secret": "secret", "path": str(tmp_path / "service.jsonl")}
    child = Child("sojourn.sandbox.search_service", config, tmp_path / "log")
    await child.start()
    try:
        async with httpx.AsyncClient() as http:
            client = Client(http, child.url, Tokens("secret"))
            await client.fill(*(document(f"d{n}", "pump") for n in range(30)))
            found = await client.found("pump")
            await child.kill()
            assert child.pid is None
            await child.start()
            assert await client.found("pump") == found
            overview = await client.client("insights", {"overviewRequest": {}})
            assert overview["overviewResponse"]["searchSummary"]["numSearches"] == 2
    finally:
        await child.stop()
