from tests.dashboard.life import DEMO, EVE, Life


async def test_what_waits_for_people_is_there_with_its_action(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get("/inbox")).text
        assert "4 approvals, 1 questions, 1 failed tasks" in page
        assert "All else holds" in page
        assert page.index(f"{life.key('stark')}/approve") < page.index(
            f"{life.key('hooli')}/approve"
        )
        assert f"{life.key('umbrella')}/answer?unit=fill&amp;task=load" in page
        assert f"{life.key('initech')}/retry?unit=fill&amp;task=load" in page
        life.who = EVE
        assert f"approve?criterion={DEMO}" not in (await client.get("/inbox")).text
