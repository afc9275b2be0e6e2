import pytest

from sojourn.dashboard.rendering import asset
from sojourn.store.postgres import Database
from tests.dashboard.life import ANN, BOT, full_life, no_life, seen_by

PAGES = (
    "/", "/journeys", "/attention", "/inbox", "/alerts", "/agents", "/paths", "/paths/fleet/1",
    "/analytics", "/about",
)  # fmt: skip
TABS = ("", "/work", "/metrics", "/history", "/events")
DEEDS = ("promote", "hold", "resume", "rollback", "cancel", "retry", "answer")


async def test_every_page_of_every_journey_is_drawn(db: Database) -> None:
    life = await full_life(db)
    async with life.client() as client:
        for page in PAGES:
            found = await client.get(page)
            assert found.status_code == 200, (page, found.text)
            assert "default-src 'none'" in found.headers["content-security-policy"]
        for name in life.journeys:
            for tab in (*TABS, *(f"/{deed}" for deed in DEEDS)):
                found = await client.get(life.key(name) + tab)
                assert found.status_code == 200, (name, tab, found.text[-2000:])
