import pytest

from sojourn.dashboard.agents import health
from tests.dashboard.life import Life


@pytest.mark.parametrize(
    ("completed", "failed", "told"),
    [(0, 0, "idle"), (100, 1, "good"), (90, 10, "shaky"), (1, 1, "failing")],
)
def test_health_is_read_from_what_has_ended(completed: int, failed: int, told: str) -> None:
    row = {"completed": completed, "failed": failed}
    assert health("a", None, {"a": row}, {}).health == told


async def test_agents_of_tasks_and_of_the_directory_are_there(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/agents")).text
    assert "not in the directory" in page
    assert "connector-installation-agent" in page
    assert "the source answers 403 Forbidden" in page


async def test_an_agents_tasks_stand_behind_its_figures(life: Life) -> None:
    async with life.client() as client:
        failed = (await client.get("/agents/loader?status=failed")).text
        assert "403 Forbidden" in failed
        assert failed.count('<th scope="row">') == 1
        every = (await client.get("/agents/loader?csv=agent-tasks")).text
        assert every.count("\n") > 3
        assert (await client.get("/agents/nobody")).status_code == 404
