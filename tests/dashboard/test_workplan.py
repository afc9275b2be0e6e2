from dataclasses import replace
from datetime import timedelta

from sojourn.dashboard.workplan import MOST, SHOWN, boxes, line, standing, written
from tests.dashboard.life import END, Life
from tests.doors import rows

TASK = {
    "status": "running", "question": None, "held": False, "started_at": END, "completed_at": None,
    "output_data": None, "error": None, "uow_id": "u", "name": "n", "agent_id": "a",
    "retry_count": 0,
}  # fmt: skip


def test_a_question_and_a_hold_come_before_the_status() -> None:
    assert standing(TASK) == "running"
    assert standing(TASK | {"question": {"prompt": "?"}}) == "asking"
    assert standing(TASK | {"status": "pending", "held": True}) == "held"


def test_how_long_a_task_takes() -> None:
    later = END + timedelta(seconds=5)
    assert line(TASK, later)["took"] == 5.0
    done = TASK | {"status": "completed", "completed_at": END + timedelta(seconds=2)}
    assert line(done, later)["took"] == 2.0
    assert line(TASK | {"status": "pending"}, later)["took"] is None
    assert written({"a": 1}) == '{\n  "a": 1\n}'


async def test_units_are_boxes_and_many_tasks_are_counted(life: Life) -> None:
    shot = await life.story.shot(life.journeys["initech"])
    unit = shot.units[0]
    many = [line(TASK | {"uow_id": unit.uow_id}, END) for _ in range(SHOWN + 3)]
    [box, *_] = boxes([replace(unit, total=5000)], many)
    assert box.items[-1].text == "and 4\N{NARROW NO-BREAK SPACE}988 more"
    fill = next(b for b in boxes(shot.units, []) if b.text == "fill")
    assert (fill.tone, len(fill.needs)) == ("bad", 1)


async def test_the_page_shows_trouble_with_its_way_out(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get(life.key("initech") + "/work")).text
        assert "the source answers 403 Forbidden" in page
        assert "/retry?unit=fill&amp;task=load" in page
        asking = (await client.get(life.key("umbrella") + "/work")).text
        assert "Which space holds the handbook?" in asking


async def test_of_many_tasks_those_that_need_somebody_are_listed_and_all_for_who_asks(
    life: Life,
) -> None:
    await rows(
        life.story.door.db,
        """INSERT INTO tasks (journey_id, uow_id, task_id, position, name, agent_id, status, error)
        SELECT u.journey_id, u.uow_id, 'many-' || n, 100 + n, 'Many ' || n, 'x',
               CASE n WHEN 999 THEN 'failed' ELSE 'completed' END,
               CASE n WHEN 999 THEN '{"message": "no such shelf"}'::jsonb END
        FROM units_of_work u JOIN journey_states j USING (journey_id, visit),
             generate_series(1, 1000) n
        WHERE u.journey_id = %s AND u.name = 'fill'""",
        life.journeys["initech"],
    )
    address = life.key("initech") + "/work"
    async with life.client() as client:
        page = (await client.get(address)).text
        every = (await client.get(f"{address}?all=1")).text
    assert page.count('<tr><th scope="row">') == MOST
    assert "no such shelf" in page
    assert "300 of 1" in page
    assert 'href="?all=1"' in page
    assert every.count('<tr><th scope="row">') > 1000
    assert "Show all" not in every
