from tests.cli.terminal import Terminal
from tests.cli.test_work import submit, unit


def test_a_failed_unit_waits_for_retry_which_continues_from_the_failed_task(
    acme: Terminal,
) -> None:
    tasks = [
        {"task_id": "a", "name": "Good", "agent_id": "builder"},
        {"task_id": "b", "name": "Bad", "agent_id": "builder", "depends_on": ["a"],
         "input_data": {"fail": 1}},
    ]  # fmt: skip
    shown = submit(acme, unit(tasks=tasks))
    assert [t["status"] for t in shown["tasks"]] == ["completed", "failed"]
    journey = acme("show", "acme", "--json").json
    assert journey["journey"]["ball"] == "operator"
    assert "the tenant is locked" in journey["journey"]["waiting_for"]
    assert "no failed task" in acme.refused("retry", "acme", "--task", "x", code=5)

    told = acme.dry("retry", "acme", "--unit", "u1")
    assert told["effects"]["sent_again"] == [{"unit": "u1", "task_id": "b"}]
    acme("retry", "acme", "--unit", "u1", "--task", "b", "--reason", "unlocked")
    acme.settle()
    shown = acme("work", "show", "u1").json
    assert [t["status"] for t in shown["tasks"]] == ["completed", "completed"]
    assert [t["retry_count"] for t in shown["tasks"]] == [0, 1]
    assert shown["status"] == "completed"


def test_a_question_waits_for_its_answer(acme: Terminal) -> None:
    tasks = [{"task_id": "a", "name": "Ask", "agent_id": "builder",
              "input_data": {"ask": "which tenant?"}}]  # fmt: skip
    assert submit(acme, unit(tasks=tasks))["tasks"][0]["status"] == "running"
    assert "asks: which tenant?" in acme("show", "acme").out
    [task] = next(
        u["tasks"] for u in acme("show", "acme", "--json").json["units"] if u["name"] == "u1"
    )
    assert task["question"]["prompt"] == "which tenant?"
    assert "no such question" in acme.refused("answer", "acme", "eu", "--unit", "x", code=5)

    acme.dry("answer", "acme", "eu")
    acme("answer", "acme", '{"tenant": "eu"}', "--as", "ann")
    acme.settle()
    [task] = acme("work", "show", "u1").json["tasks"]
    assert (task["status"], task["output_data"]["told"]) == ("completed", {"tenant": "eu"})
