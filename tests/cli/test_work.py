import json
from typing import Any

import pytest

from sojourn.cli.work import OF_TASK, SPECIFIED
from tests.cli.terminal import Terminal

SPECIFICATION = """\
{
  "uow_id": "uow-sandbox-medtronic-001",
  "journey_id": "journey-medtronic-2026",
  "stage": "sandbox",
  "tasks": [
    {
      "task_id": "task-001",
      "name": "Install Confluence connector",
      "agent_id": "connector-installation-agent",
      "input_data": {
        "connector_type": "confluence",
        "auth_method": "oauth2"
      }
    },
    {
      "task_id": "task-002",
      "name": "Provision test dataset",
      "agent_id": "dataset-provisioning-agent",
      "input_data": {
        "scenario": "healthcare_demo",
        "size": "medium"
      }
    },
    {
      "task_id": "task-003",
      "name": "Validate search quality",
      "agent_id": "search-quality-agent",
      "input_data": {
        "precision_threshold": 0.80
      }
    }
  ],
  "dependencies": [],
  "status": "pending"
}
"""


def unit(**changes: Any) -> dict[str, Any]:
    task = {"task_id": "t1", "name": "One", "agent_id": "builder", "input_data": {}}
    return {"uow_id": "u1", "stage": "sandbox", "tasks": [task]} | changes


def submit(cli: Terminal, document: dict[str, Any]) -> dict[str, Any]:
    """Submit a unit to acme, and return it as it is shown once the engine has rested."""
    file = cli.write("unit.json", json.dumps(document))
    cli("work", "submit", file, "--client", "acme")
    cli.settle()
    return dict(cli("work", "show", document["uow_id"], "--client", "acme").json)


def test_the_specifications_unit_is_accepted_runs_and_is_shown_in_its_own_shape(
    cli: Terminal,
) -> None:
    cli("start", "medtronic", "--path", cli.small, "--fact", "contract_signed=true")
    file = cli.write("unit.json", SPECIFICATION)
    told = cli.dry("work", "submit", file, "--client", "medtronic")
    assert [len(u["tasks"]) for u in told["effects"]["units"]] == [3]
    cli("work", "submit", file, "--client", "medtronic")

    given = json.loads(SPECIFICATION)
    shown = cli("work", "show", "uow-sandbox-medtronic-001").json
    assert tuple(shown) == SPECIFIED
    assert [tuple(task) for task in shown["tasks"]] == [OF_TASK] * 3
    assert {key: shown[key] for key in given if key != "tasks"} == {
        key: given[key] for key in given if key != "tasks"
    }
    for task, wanted in zip(shown["tasks"], given["tasks"], strict=True):
        assert {key: task[key] for key in wanted} == wanted
        assert (task["status"], task["output_data"]) == ("pending", None)
        assert (task["retry_count"], task["max_retries"]) == (0, 3)

    cli.settle()
    shown = cli("work", "show", "uow-sandbox-medtronic-001", "--json").json
    assert shown["status"] == "completed"
    assert [task["status"] for task in shown["tasks"]] == ["completed"] * 3
    assert shown["tasks"][0]["output_data"]["connector_type"] == "confluence"
    assert shown["tasks"][2]["output_data"]["precision"] > 0
    assert shown["created_at"] <= shown["started_at"] <= shown["completed_at"]
    assert cli("work", "submit", file, "--client", "medtronic", "--json", code=4).error["code"] == (
        "conflict"
    )


def test_without_a_client_the_journey_id_of_the_file_names_the_journey(acme: Terminal) -> None:
    key = acme("show", "acme", "--json").json["journey"]["journey_key"]
    text = json.dumps(unit(journey_id=key)).encode()
    acme("work", "submit", "-", stdin=text)
    nobody = json.dumps(unit(journey_id="journey-nobody-2026")).encode()
    assert "no journey of client" in acme.refused("work", "submit", "-", code=5, stdin=nobody)
    bare = json.dumps(unit(uow_id="u2")).encode()
    said = acme.refused("work", "submit", "-", code=2, stdin=bare)
    assert "names no journey_id (fix: --client CLIENT)" in said


def test_a_unit_depends_on_others_by_any_of_their_names(acme: Terminal) -> None:
    install = acme("work", "list", "acme", "--json").json["units"][1]
    first = submit(acme, unit())
    assert first["status"] == "completed"
    known = ["u1", "fill", install["uow_uuid"]]
    task = {"task_id": "t1", "name": "Two", "agent_id": "builder",
            "input_data": {"by": "${units.u1.t1.output.by}", "who": "${client.id}"}}  # fmt: skip
    shown = submit(acme, unit(uow_id="u2", dependencies=known, tasks=[task]))
    assert shown["dependencies"][0] == "u1"
    assert len(shown["dependencies"]) == 3
    assert shown["status"] == "completed"
    assert shown["tasks"][0]["output_data"]["input"] == {"by": "t1", "who": "acme"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"dependencies": ["nothing"]}, "dependencies[0]: 'nothing' is no unit of this journey"),
        ({"dependencies": ["u1"]}, "dependencies[0]: the unit depends on itself"),
        ({"tasks": []}, "tasks: needs at least one task"),
        ({"stages": "sandbox"}, "stages: unknown key; did you mean 'stage'?"),
        ({"stage": 5}, "stage: a text is needed, not 5"),
    ],
)
def test_a_faulty_unit_is_refused_whole_and_the_place_is_named(
    acme: Terminal, change: dict[str, Any], place: str
) -> None:
    file = acme.write("unit.json", json.dumps(unit(**change)))
    assert place in acme.refused("work", "submit", file, "--client", "acme", code=2)


def test_unknown_agents_circles_and_twins_are_refused_whole(acme: Terminal) -> None:
    def one(name: str, **more: Any) -> dict[str, Any]:
        return {"task_id": name, "name": name, "agent_id": "builder", **more}

    for tasks, place in (
        ([one("a", agent_id="bulder")], "tasks[0].agent_id: unknown agent 'bulder'; did you mean"),
        ([one("a"), one("a")], "tasks[1].task_id: 'a' stands there twice"),
        ([one("a", depends_on=["b"]), one("b", depends_on=["a"])], "goes in a circle"),
        ([one("a", depends_on=["c"])], "a.depends_on: 'c' is not there"),
        ([one("a", undo={"agent_id": "x"})], "tasks[0].undo.agent_id: unknown agent 'x'"),
    ):
        file = acme.write("unit.json", json.dumps(unit(tasks=tasks)))
        assert place in acme.refused("work", "submit", file, "--client", "acme", code=2)


def test_a_unit_for_another_stage_is_refused(acme: Terminal) -> None:
    file = acme.write("unit.json", json.dumps(unit(stage="pilot")))
    said = acme.refused("work", "submit", file, "--client", "acme", code=4)
    assert "the unit is for stage 'pilot'; the journey is in sandbox" in said


def test_a_file_that_is_not_there_or_not_json_is_refused(acme: Terminal) -> None:
    assert "cannot be read" in acme.refused("work", "submit", "no.json", code=2)
    assert "is not JSON" in acme.refused("work", "submit", "-", code=2, stdin=b"{,}")


def test_work_show_says_what_is_missing_or_meant(acme: Terminal) -> None:
    said = acme("work", "show", "nothing", code=5).err
    assert "there is no unit of work 'nothing' (fix: sojourn work list CLIENT)" in said
    assert "name a unit or a client" in acme("work", "show", code=2).err
    acme.start("beta")
    said = acme("work", "show", "install", code=2).err
    assert "several journeys have a unit 'install'" in said
    shown = acme("work", "show", "install", "--client", "beta").json
    assert shown["tasks"][0]["input_data"] == {"client": "beta"}
    both = acme("work", "show", "--client", "beta").json
    assert [tuple(u) for u in both] == [SPECIFIED] * 2


def test_work_list_shows_the_visit_or_all(cli: Terminal) -> None:
    cli.start(facts=False)
    assert "no work is planned for acme" in cli("work", "list", "acme").out
    cli("record", "acme", "contract_signed=true")
    cli.settle()
    said = cli("work", "list", "acme").out
    assert "✓ completed" in said
    assert "2/2" in said
    cli("rollback", "acme", "--reason", "again")
    cli.settle()
    now = cli("work", "list", "acme", "--json").json["units"]
    every = cli("work", "list", "acme", "--all", "--json").json["units"]
    assert (len(now), len(every)) == (2, 5)
    assert "↩ rolled back" in cli("work", "list", "acme", "--all").out
