from sojourn.control.keys import Principal
from sojourn.dashboard import create_dashboard
from tests.dashboard.life import ANN, EVE, TOM, Life
from tests.dashboard.test_deliveries import delivered


async def test_administrators_see_all_settings(life: Life) -> None:
    await delivered(life)
    async with life.client() as client:
        page = (await client.get("/settings")).text
        assert "https://crm.example.com/hooks/sojourn" in page
        assert "No key was made yet." in page
        assert "whsec_" not in page


async def test_others_see_neither_keys_nor_webhooks(life: Life) -> None:
    await delivered(life)
    life.who = EVE
    async with life.client() as client:
        page = (await client.get("/settings")).text
        assert "crm.example.com" not in page
        assert "PostgreSQL" in page
        life.who = TOM
        assert (await client.get("/settings")).status_code == 403


async def test_settings_in_force_are_shown(life: Life) -> None:
    async def identify(_request: object) -> Principal:
        return ANN

    given = [("SOJOURN_PORT", "8420", "Port of `sojourn serve`.")]
    agents = life.app.state.site.agents
    life.app = create_dashboard(life.story.door, agents, identify=identify, settings=given)
    async with life.client() as client:
        found = await client.get("/settings?csv=in-force")
        assert found.text.splitlines() == ["Setting,Value", "SOJOURN_PORT,8420"]
