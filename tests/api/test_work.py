from typing import Any

from sojourn.control import tick
from tests.api.served import Api

UNIT: dict[str, Any] = {
    "uow_id": "uow-extra-001",
    "journey_id": "journey-acme-2026",
    "stage": "sandbox",
    "tasks": [
        {
            "task_id": "task-001",
            "name": "Install Confluence connector",
            "agent_id": "connector-installation-agent",
            "input_data": {"connector_type": "confluence"},
        }
    ],
    "dependencies": [],
    "status": "pending",
}


async def test_units_are_listed_in_the_specifications_shape_and_submitted(api: Api) -> None:
    await api.start(facts={"contract_signed": True})
    await tick(api.door)
    listed = (await api.get("/journeys/acme/units")).json()["items"]
    assert {u["name"] for u in listed} == {"install", "fill"}
    dry = await api.post("/journeys/acme/units?dry_run=true", UNIT)
    assert dry.status_code == 200, dry.text
    made = await api.post("/journeys/acme/units", UNIT, role="operator")
    assert made.status_code == 201, made.text
    assert made.headers["etag"]
    found = (await api.get("/journeys/acme/units/uow-extra-001")).json()
    assert {k: found[k] for k in UNIT if k != "tasks"} == {k: UNIT[k] for k in UNIT if k != "tasks"}
    [task] = found["tasks"]
    assert task["status"] == "pending"
    again = await api.post("/journeys/acme/units", UNIT)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_a_unit_that_cannot_be_is_told_by_its_place(api: Api) -> None:
    await api.start(facts={"contract_signed": True})
    await tick(api.door)
    unknown = UNIT | {"tasks": [UNIT["tasks"][0] | {"agent_id": "nobody"}]}
    refused = await api.post("/journeys/acme/units", unknown)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["place"] == "body.tasks[0].agent_id"
    missing = await api.get("/journeys/acme/units/none")
    assert missing.status_code == 404


async def test_tasks_as_the_engine_sees_them(api: Api) -> None:
    await api.start(facts={"contract_signed": True})
    await tick(api.door)
    tasks = (await api.get("/journeys/acme/tasks?visit=1")).json()["items"]
    assert [t["task_id"] for t in tasks if t["unit"] == "install"] == ["prepare", "connect"]
    assert (await api.get("/journeys/acme/tasks?visit=9")).json()["items"] == []
