from sojourn.control import tick
from tests.api.served import Api


async def test_agents_are_listed_with_their_figures_and_reached(api: Api) -> None:
    await api.post("/journeys", {"client_id": "acme", "facts": {"contract_signed": True,
        "infrastructure_provisioned": True, "data_sources": ["confluence"]}})  # fmt: skip
    await tick(api.door)
    agents = {a["agent_id"]: a for a in (await api.get("/agents", role="viewer")).json()}
    installer = agents["connector-installation-agent"]
    assert installer["figures"]["queued"] == 1
    assert installer["protocol"] == "python"
    reached = await api.post("/agents/connector-installation-agent/check", role="operator")
    assert reached.json()["ok"] is True
    assert (await api.post("/agents/nobody/check")).status_code == 404
