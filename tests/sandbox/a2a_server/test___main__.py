from pathlib import Path

import httpx

from sojourn.sandbox.processes import Child


async def test_the_agents_are_a_process(tmp_path: Path) -> None:
    config = {"secret": "s", "service_url": "http://127.0.0.1:9", "agents": ["survey-agent"]}
    child = Child("sojourn.sandbox.a2a_server", config, tmp_path / "log")
    await child.start()
    try:
        async with httpx.AsyncClient() as http:
            url = f"{child.url}/survey-agent/.well-known/agent-card.json"
            assert (await http.get(url)).json()["name"] == "survey-agent"
    finally:
        await child.stop()
    assert child.pid is None
