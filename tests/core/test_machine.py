"""A journey under random commands, failures and looks at random times; what must always hold."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sojourn.core.commands import (
    AnswerQuestion,
    Approve,
    Cancel,
    Command,
    HoldJourney,
    Migrate,
    Promote,
    RecordFacts,
    Reject,
    Resume,
    RetryFailed,
    RollBack,
    SubmitWork,
    Waive,
)
from sojourn.core.decision import Decision
from sojourn.core.journal import verify
from sojourn.core.journeys import active_time
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome
from sojourn.core.paths import AfterRollback, Gate, Mode, Path
from sojourn.core.stages import rows
from sojourn.core.work import Task, UnitOfWork
from tests.core.driver import Driver
from tests.core.scenes import (
    DAY,
    HEALTHY,
    HOUR,
    MINUTE,
    approval,
    metric,
    small,
    soak,
    unit_plan,
)

ADA: dict[str, Any] = {"actor": "ada", "roles": ("approver", "admin"), "reason": "so"}
INES: dict[str, Any] = {"actor": "ines", "roles": ("operator",), "reason": "so"}
WHO = st.sampled_from([ADA, INES, ADA | {"actor": "bo"}])
STAGES = ("sandbox", "pilot", "production")
MANNERS = ("well", "well", "well", "fail", "break", "ask")


def plan(version: int) -> Path:
    """Return a path with everything in it; its second version has more of it."""
    base = small(
        after=AfterRollback.RESUME,
        max_rollbacks=2,
        checks=Gate((metric("errors", "==", 0),)),
        timeout=12 * HOUR,
    )
    first, second, third = base.stages
    watch = unit_plan("watch", "look", every=6 * HOUR)
    first = replace(first, work=(*first.work, watch, *([unit_plan("audit")] * (version > 1))))
    pilot = (*second.exit.criteria, approval(quorum=2, expires=5 * DAY), soak(6 * HOUR))
    second = replace(second, exit=replace(second.exit, criteria=pilot))
    third = replace(third, exit=replace(third.exit, mode=Mode.MANUAL))
    return replace(base, stages=(first, second, third), version=version, digest=f"d{version}")


class Life(RuleBasedStateMachine):
    """A journey on which anything may happen."""

    @initialize(signed=st.booleans(), reached=st.sampled_from(STAGES))
    def start(self, signed: bool, reached: str) -> None:
        self.manner = "well"
        agents = {
            f"{name}-agent": self.agent
            for name in (
                "install",
                "verify",
                "look",
                "put",
                "invite",
                "enable",
                "undo",
                "audit-task",
            )
        }
        self.journey = Driver(plan(1), agents=agents)
        self.called_when_held = 0
        self.watch(self.journey.start({"signed": signed, "cohort": True}))
        while STAGES.index(self.journey.state.current_stage) < STAGES.index(reached):
            self.record(INES, "signed", value=True)
            self.do_right()

    def agent(self, call: Call) -> Outcome:
        if self.journey.state.hold:
            self.called_when_held += 1
        if self.manner == "fail":
            return Failed("busy")
        if self.manner == "break":
            return Failed("gone", retryable=False)
        if self.manner == "ask" and call.answer is None:
            return Needs("input", "Which?", {"id": "r"})
        return Completed({"id": call.task_id})

    # What happens

    def do(self, command: Command | None = None) -> None:
        held = self.journey.state.hold
        gates = len(self.journey.gates)
        decision = self.journey.decide(command)
        self.watch(decision)
        if decision.refusal:
            self.refused(decision)
        if held and decision.freeze is None:
            assert decision.state.hold == held
            assert decision.plans == ()
            assert not [e for e in decision.events if e.transition]
            assert len(self.journey.gates) == gates

    def refused(self, decision: Decision) -> None:
        before = decision.before.state
        assert decision.state in (before, replace(before, requested_by=decision.state.requested_by))
        assert {e.type for e in decision.events} <= {"gate.attempted"}
        assert len(decision.gates) == len(decision.events)
        assert decision.refusal is not None
        assert decision.refusal.message
        parts = ("plans", "changes", "release", "rearm", "withdraw", "requeue", "rulings", "facts")
        assert not any(getattr(decision, part) for part in (*parts, "raised", "resolved"))
        assert (decision.rollback, decision.freeze) == (None, None)

    def watch(self, decision: Decision) -> None:
        """Check one decision for itself."""
        state, now = decision.state, self.journey.now
        if state.ended or state.hold:
            assert decision.due_at is None
        else:
            assert decision.due_at is not None
            assert now <= decision.due_at <= now + HOUR
        for event in decision.events:
            if event.transition and event.transition[1].startswith(("promote_to", "mark_")):
                place = f"{event.transition[0]}/exit"
                assert [r for r in decision.gates if r.place == place and r.result.passed]
        assert decision.view.waiting_for
        armed, asked = decision.rearm, decision.requeue
        again = {*decision.release, *(r.uow_id for r in armed), *(r.uow_id for r in asked)}
        assert again.isdisjoint(decision.withdraw), "what is withdrawn is not sent"

    @rule()
    def look(self) -> None:
        self.do()

    @rule(most=st.integers(1, 4))
    def work(self, most: int) -> None:
        for _ in range(most):
            self.journey.run()
            self.do()

    @rule(span=st.timedeltas(MINUTE, 2 * DAY))
    def pass_time(self, span: timedelta) -> None:
        self.journey.pass_time(span)

    @rule(hours=st.integers(1, 40))
    def live_well(self, hours: int) -> None:
        self.manner = "well"
        self.journey.feed = HEALTHY | {"errors": 0.0, "leaks": 0.0}
        for _ in range(hours):
            self.journey.pass_time(HOUR)
            for name, value in self.journey.feed.items():
                self.journey.measure(name, value)
            self.journey.run()
            self.do()

    @rule()
    def do_right(self) -> None:
        """Do all that a journey may wait for, so that walks get far."""
        self.manner = "well"
        for command in (Resume(**ADA), RetryFailed(**ADA), AnswerQuestion(**ADA, answer="eu")):
            self.do(command)
        self.live_well(12)
        for actor in ("ada", "bo"):
            self.do(Approve(**ADA | {"actor": actor}, criterion="sign_off"))
        self.do(Promote(**INES))

    @rule(manner=st.sampled_from(MANNERS))
    def behave(self, manner: str) -> None:
        self.manner = manner

    @rule(
        name=st.sampled_from([*HEALTHY, "errors", "leaks"]), good=st.booleans(), down=st.booleans()
    )
    def measure(self, name: str, good: bool, down: bool) -> None:
        well = HEALTHY.get(name, 0.0)
        value = well if good else (0.1 if name == "precision" else 900.0)
        if down:
            self.journey.measure(name, None, error="down")
        else:
            self.journey.measure(name, value)

    @rule(
        who=WHO, name=st.sampled_from(["signed", "cohort", "pause_requested"]), value=st.booleans()
    )
    def record(self, who: dict[str, Any], name: str, value: bool) -> None:
        self.do(RecordFacts(**who, facts={name: value}))

    @rule(who=WHO)
    def promote(self, who: dict[str, Any]) -> None:
        self.do(Promote(**who))

    @rule(who=WHO, name=st.sampled_from(["sign_off", "work", "x"]))
    def approve(self, who: dict[str, Any], name: str) -> None:
        self.do(Approve(**who, criterion=name))

    @rule(who=WHO)
    def reject(self, who: dict[str, Any]) -> None:
        self.do(Reject(**who, criterion="sign_off"))

    @rule(
        who=WHO,
        name=st.sampled_from(["precision", "bugs", "undone", "errors", "soak", "rollout"]),
        lasts=st.sampled_from([HOUR, 3 * DAY, timedelta(0)]),
    )
    def waive(self, who: dict[str, Any], name: str, lasts: timedelta) -> None:
        self.do(Waive(**who, criterion=name, lasts=lasts))

    @rule(who=WHO, goal=st.sampled_from([None, *STAGES]))
    def roll_back(self, who: dict[str, Any], goal: str | None) -> None:
        self.do(RollBack(**who, target=goal))

    @rule(who=WHO)
    def hold(self, who: dict[str, Any]) -> None:
        self.do(HoldJourney(**who))

    @rule(who=WHO)
    def resume(self, who: dict[str, Any]) -> None:
        self.do(Resume(**who))

    @rule(who=WHO)
    def retry(self, who: dict[str, Any]) -> None:
        self.do(RetryFailed(**who))

    @rule(who=WHO)
    def answer(self, who: dict[str, Any]) -> None:
        self.do(AnswerQuestion(**who, answer="eu"))

    @rule(who=WHO, number=st.integers(0, 3), stage=st.sampled_from(STAGES))
    def submit(self, who: dict[str, Any], number: int, stage: str) -> None:
        tasks = (Task("t-1", "Tell", "look-agent"),)
        unit = UnitOfWork(f"extra-{number}", "theirs", stage, tasks, name=f"extra-{number}")
        if unit.uow_id not in self.journey.work:
            self.do(SubmitWork(**who, unit=unit))

    @rule(who=WHO, version=st.integers(1, 2))
    def migrate(self, who: dict[str, Any], version: int) -> None:
        self.do(Migrate(**who, path=plan(version)))

    @precondition(lambda self: self.journey.state.visit > 4)
    @rule(who=WHO)
    def cancel(self, who: dict[str, Any]) -> None:
        self.do(Cancel(**who))

    # What always holds

    @invariant()
    def one_visit_at_a_time(self) -> None:
        state = self.journey.state
        assert {w.unit.visit for w in self.journey.open_work} <= {state.visit}
        if state.ended:
            assert not self.journey.open_work
            assert not self.journey.runnable()
            assert self.journey.alerts == set()

    @invariant()
    def nothing_runs_during_a_hold(self) -> None:
        assert self.called_when_held == 0
        if self.journey.state.hold:
            assert self.journey.runnable() == []

    @invariant()
    def the_journal_is_one_chain_and_says_where_the_journey_is(self) -> None:
        assert verify(self.journey.entries) == []
        moves = [e.event.transition for e in self.journey.entries if e.event.transition]
        legal = set(rows(self.journey.path.table))
        assert set(moves) <= legal
        assert moves[-1][2] == self.journey.state.current_stage
        assert all(one[2] == two[0] for one, two in pairwise(moves))
        assert len(moves) == self.journey.state.visit
        assert [m[2] for m in moves].count("rollback") == self.journey.state.rollbacks

    @invariant()
    def a_rollback_is_open_exactly_while_rolling_back(self) -> None:
        state = self.journey.state
        rolling = state.current_stage == "rollback"
        assert (self.journey.open_rollback is not None) == rolling == bool(state.target_stage)
        assert len(self.journey.rollbacks) == state.rollbacks

    @invariant()
    def the_state_fits_together(self) -> None:
        state, now = self.journey.state, self.journey.now
        names = self.journey.path.names
        done = state.completed_stages
        assert done == names[: len(done)]
        if state.active:
            assert names.index(state.current_stage) == len(done)
        assert 0 <= state.rollout_percent <= 100
        assert 0 <= state.wave <= 3
        assert (state.admitted_at is None) or state.active
        if state.soak:
            lived = active_time(state, state.stage_started_at, now)
            assert timedelta(0) <= state.soak.healthy <= lived

    @invariant()
    def nothing_is_undone_twice(self) -> None:
        undone = [
            s.task.undo_of
            for w in self.journey.work.values()
            for s in w.steps.values()
            if s.task.undo_of and s.status == "completed"
        ]
        assert len(undone) == len(set(undone))


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
