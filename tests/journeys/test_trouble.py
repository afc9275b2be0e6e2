"""What goes wrong with work, who is told, and how it goes on; holds, questions and submissions."""

from datetime import timedelta

import pytest

from sojourn.control import RefusedError
from sojourn.core.commands import (
    AnswerQuestion,
    Cancel,
    HoldJourney,
    Resume,
    RetryFailed,
    SubmitWork,
)
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome, Rejected, Working
from sojourn.core.work import Task, UnitOfWork
from tests.journeys.conftest import Told
from tests.journeys.small import SMALL

FACTS = {"contract_signed": True, "cohort": 20}

FORK = """
name: fork
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }, { fact: done }] }
    work:
      - name: first
        tasks:
          - { name: a, agent: one }
          - { name: b, agent: two, max_retries: 1, retry: { base: 10s } }
          - { name: after_a, agent: one, depends_on: [a] }
          - { name: after_b, agent: one, depends_on: [b] }
          - { name: last, agent: one, depends_on: [after_a, after_b] }
      - name: second
        tasks: [{ name: apart, agent: one }]
      - name: third
        depends_on: [first]
        tasks: [{ name: then, agent: one }]
      - name: fourth
        depends_on: [second]
        tasks: [{ name: also, agent: one }]
"""


async def test_a_failed_task_stops_only_what_depends_on_it(told: Told) -> None:
    story, agents = told
    agents.answers["two"] = Failed("no route")
    journey = await story.start(FORK)
    await story.pass_time(minutes=1)
    assert sorted(agents.tasks()) == ["a", "after_a", "also", "apart", "b", "b"]
    units = await story.units(journey)
    assert {n: s for (n, _), s in units.items()} == {
        "first": "failed",
        "second": "completed",
        "third": "pending",
        "fourth": "completed",
    }
    b = (await story.tasks(journey))["b"]
    assert (b["status"], b["retry_count"], b["max_retries"]) == ("failed", 1, 1)
    assert b["error"]["message"] == "failed after 2 attempts: no route"
    view = (await story.explain(journey)).view
    assert (view.ball, view.waiting_for) == (
        "operator",
        "b failed: failed after 2 attempts: no route",
    )


async def test_retry_goes_on_from_the_failed_task(told: Told) -> None:
    story, agents = told
    agents.answers["two"] = Rejected("not mine")
    journey = await story.start(FORK)
    await story.pass_time(minutes=1)
    agents.calls.clear()
    agents.answers.clear()
    await story.do(journey, RetryFailed(actor="ann"))
    assert agents.tasks() == ["b", "after_b", "last", "then"]
    assert set((await story.units(journey)).values()) == {"completed"}
    b = (await story.tasks(journey))["b"]
    assert (b["status"], b["retry_count"]) == ("completed", 1)
    assert b["error"] is None
    assert len({c.key for c in agents.calls}) == 4
    await story.tell(done=True)
    assert await story.stage(journey) == "completed"
    await story.verify(journey)


async def test_each_attempt_has_a_key_of_its_own_and_waits_as_the_policy_says(told: Told) -> None:
    story, agents = told
    agents.answers["two"] = Failed("busy")
    await story.start(FORK)
    first = story.now
    times = [first for c in agents.calls if c.agent_id == "two"]
    assert len(times) == 1
    await story.pass_time(seconds=4.9)
    assert agents.tasks("two") == ["b"], "half of the backoff is the least"
    await story.pass_time(seconds=5.2)
    assert agents.tasks("two") == ["b", "b"]
    keys = {c.key for c in agents.calls if c.agent_id == "two"}
    assert len(keys) == 2


async def test_a_question_waits_for_a_person_and_holds_nothing(told: Told) -> None:
    story, agents = told

    def curious(call: Call) -> Outcome:
        if call.answer is None:
            return Needs("input", "Which region?", {"remote": 7})
        return Completed({"region": call.answer, "remote": (call.handle or {})["remote"]})

    agents.answers["two"] = curious
    journey = await story.start(FORK)
    await story.pass_time(hours=5)
    assert sorted(agents.tasks()) == ["a", "after_a", "also", "apart", "b"]
    b = (await story.tasks(journey))["b"]
    assert (b["status"], b["owner"], b["question"]["prompt"]) == (
        "running",
        None,
        "Which region?",
    )
    assert len(story.worker._running) == 0
    view = (await story.explain(journey)).view
    assert (view.ball, view.waiting_for) == ("operator", "two asks: Which region?")
    await story.do(journey, AnswerQuestion(actor="ann", answer={"name": "eu"}))
    b = (await story.tasks(journey))["b"]
    assert (b["status"], b["question"]) == ("completed", None)
    assert b["output_data"] == {"region": {"name": "eu"}, "remote": 7}
    assert agents.tasks()[-1] == "then"
    with pytest.raises(RefusedError, match="no such question"):
        await story.do(journey, AnswerQuestion(actor="ann", answer="us"))


async def test_a_question_nobody_answers_fails_at_its_deadline(told: Told) -> None:
    story, agents = told
    agents.answers["two"] = Needs("auth", "Log in, please")
    journey = await story.start(FORK)
    await story.pass_time(days=2, hours=23)
    assert (await story.tasks(journey))["b"]["status"] == "running"
    await story.pass_time(hours=2)
    b = (await story.tasks(journey))["b"]
    assert b["status"] == "failed"
    assert "no answer to its question" in b["error"]["message"]


async def test_work_elsewhere_is_polled_until_it_is_done(told: Told) -> None:
    story, agents = told

    def slow(call: Call) -> Outcome:
        if call.handle is None:
            return Working({"n": 1}, timedelta(minutes=1))
        n = call.handle["n"]
        return Completed({"polls": n}) if n == 3 else Working({"n": n + 1}, timedelta(minutes=1))

    agents.answers["two"] = slow
    journey = await story.start(FORK)
    await story.pass_time(minutes=2)
    assert (await story.tasks(journey))["b"]["status"] == "running"
    await story.pass_time(minutes=2)
    b = (await story.tasks(journey))["b"]
    assert (b["status"], b["output_data"], b["retry_count"]) == ("completed", {"polls": 3}, 0)
    assert len({c.key for c in agents.calls if c.agent_id == "two"}) == 1


async def test_cancelling_the_journey_tells_the_agent_to_stop(told: Told) -> None:
    story, agents = told
    agents.answers["two"] = Working({"n": 1}, timedelta(minutes=1))
    journey = await story.start(FORK)
    await story.do(journey, Cancel(actor="ann", reason="no budget"))
    assert [(c.task_id, c.handle) for c in agents.cancelled] == [("b", {"n": 1})]
    b = (await story.tasks(journey))["b"]
    assert (b["status"], b["owner"], b["due_at"]) == ("failed", None, None)
    agents.calls.clear()
    await story.pass_time(days=4)
    assert agents.calls == []
    await story.verify(journey)


async def test_an_agent_that_cannot_be_told_to_stop_keeps_no_worker_busy(told: Told) -> None:
    story, agents = told

    async def broken(call: Call) -> None:
        raise ConnectionError("gone")

    agents.answers["two"] = Working({"n": 1}, timedelta(minutes=1))
    journey = await story.start(FORK)
    agents.cancel = broken  # type: ignore[method-assign]
    await story.do(journey, Cancel(actor="ann", reason="no budget"))
    b = (await story.tasks(journey))["b"]
    assert (b["owner"], b["due_at"]) == (None, None)


TIMED = """
name: timed
stages:
  - name: sandbox
    target: 5d
    limit: 10d
    exit:
      criteria:
        - { work: required }
        - CRITERION
    work:
      - name: watch
        every: 12h
        tasks:
          - { name: look, agent: watcher, measures: { errors: errors } }
          - { name: note, agent: writer, depends_on: [look] }
"""
WINDOW = '{ metric: errors, is: "== 0", aggregate: max, window: 2d, coverage: 0.95, every: 13h }'
SOAK = "{ soak: 2d }"


@pytest.mark.parametrize("criterion", [WINDOW, SOAK])
async def test_a_hold_freezes_dispatch_clocks_windows_and_soak(told: Told, criterion: str) -> None:
    story, agents = told
    agents.answers["watcher"] = Completed({"errors": 0})
    journey = await story.start(TIMED.replace("CRITERION", criterion))
    await story.pass_time(days=1, hours=6)
    assert len(agents.tasks("watcher")) == 3
    before = await story.explain(journey)
    await story.do(journey, HoldJourney(actor="ann", reason="the client is away"))
    agents.calls.clear()
    await story.pass_time(days=30)
    assert agents.calls == []
    held = await story.explain(journey)
    assert held.view.schedule == before.view.schedule == "on_track"
    await story.do(journey, Resume(actor="ann"))
    assert agents.calls == [], "the next look is as far away as it was"
    assert await story.stage(journey) == "sandbox"
    after = await story.explain(journey)
    assert [c.message for c in after.result.checks] == [c.message for c in before.result.checks]
    await story.pass_time(hours=7)
    assert agents.tasks("watcher") == ["look"]
    await story.pass_time(hours=8)
    assert await story.stage(journey) == "sandbox", "45 of 48 hours"
    await story.pass_time(hours=4)
    assert await story.stage(journey) == "completed"
    await story.verify(journey)


async def test_a_retry_that_waits_goes_on_waiting_after_a_hold(told: Told) -> None:
    story, agents = told
    agents.answers["two"] = Failed("busy")
    held = await story.start(FORK)
    await story.do(held, HoldJourney(actor="ann", reason="look"))
    agents.calls.clear()
    await story.pass_time(hours=5)
    assert agents.calls == []
    await story.do(held, Resume(actor="ann"))
    assert agents.calls == [], "the backoff goes on where it stood"
    await story.pass_time(seconds=10)
    assert agents.tasks() == ["b"]


async def test_a_unit_is_submitted_and_runs_as_required_work(told: Told) -> None:
    story, agents = told
    journey = await story.start(SMALL, facts=FACTS)
    tasks = (Task("t1", "One", "extra"), Task("t2", "Two", "extra", depends_on=("t1",)))
    unit = UnitOfWork("7e4b7ae5-8a7a-4b36-a3a0-8c5cf7e5a1c2", "", "sandbox", tasks, name="extra")
    agents.answers["extra/t2"] = Rejected("no")
    await story.do(journey, SubmitWork(actor="ann", unit=unit))
    assert agents.tasks("extra") == ["t1", "t2"]
    await story.tell(quality=0.9)
    assert await story.stage(journey) == "sandbox"
    agents.answers.clear()
    await story.do(journey, RetryFailed(actor="ann", unit="extra"))
    await story.pass_time(seconds=2)
    assert await story.stage(journey) == "pilot"
    again = UnitOfWork(unit.uow_id, "", "pilot", tasks, name="extra")
    with pytest.raises(RefusedError):
        await story.do(journey, SubmitWork(actor="ann", unit=again))
    await story.verify(journey)


async def test_an_answer_of_the_wrong_shape_fails_its_task_alone(told: Told) -> None:
    story, agents = told
    agents.answers["watcher"] = Completed({"errors": "none"})
    journey = await story.start(TIMED.replace("CRITERION", SOAK))
    look = (await story.tasks(journey))["look"]
    assert look["status"] == "failed"
    assert "a number is needed" in look["error"]["message"]
    agents.answers["watcher"] = Completed({"errors": 0}, facts={"found": "\x00"})
    await story.do(journey, RetryFailed(actor="ann"))
    look = (await story.tasks(journey))["look"]
    assert look["status"] == "failed"
    assert "cannot be kept" in look["error"]["message"]
    agents.answers["watcher"] = Completed({"errors": 0}, facts={"found": None})
    await story.do(journey, RetryFailed(actor="ann"))
    assert (await story.shot(journey)).facts["found"].value is None
