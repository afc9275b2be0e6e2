from datetime import timedelta

from sojourn.dashboard.workplan import SHOWN, boxes, line, standing, written
from tests.dashboard.life import END, Life

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
    [box, *_] = boxes(shot.units, many)
    assert box.items[-1].text == "and 3 more"
    fill = next(b for b in boxes(shot.units, []) if b.text == "fill")
    assert (fill.tone, len(fill.needs)) == ("bad", 1)


async def test_the_page_shows_trouble_with_its_way_out(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get(life.key("initech") + "/work")).text
        assert "the source answers 403 Forbidden" in page
        assert "/retry?unit=fill&amp;task=load" in page
        asking = (await client.get(life.key("umbrella") + "/work")).text
        assert "Which space holds the handbook?" in asking
