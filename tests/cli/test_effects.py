from datetime import UTC, datetime
from uuid import UUID

from sojourn.cli import effects
from sojourn.core.commands import HoldJourney, RollBack
from sojourn.core.decide import decide, start
from sojourn.core.decision import Decision
from sojourn.core.snapshot import Fact, Snapshot
from sojourn.core.work import Task, UnitOfWork
from sojourn.paths import load
from tests.journeys.small import SMALL

NOW = datetime(2026, 5, 3, tzinfo=UTC)
PATH = load(SMALL)


def begun() -> Decision:
    facts = {"contract_signed": Fact(True, NOW, "ann", "ann")}
    return start(PATH, "acme", UUID(int=1), NOW, "ann", facts=facts)


def test_a_start_tells_moves_facts_and_planned_work() -> None:
    lines = list(effects.lines(begun()))
    assert lines[0] == "move: enter sandbox (start_journey)"
    assert lines[1] == "record: fact.recorded (name contract_signed, value true, source ann)"
    assert "plan unit install, 2 tasks:" in lines
    assert '    prepare  prepare by builder with {"client":"acme"}' in lines
    assert any(line.endswith(", after prepare") for line in lines)


def test_a_rollback_tells_each_undo_and_what_stays() -> None:
    state = begun().state
    unit = UnitOfWork("u", "1", "sandbox", (), name="install")
    done = (
        (unit, Task("a", "First", "x", output_data={})),
        (unit, Task("b", "Mail", "x", output_data={}, irreversible=True)),
    )
    shot = Snapshot(state, PATH, undoable=done, seq=1)
    decision = decide(shot, NOW, RollBack(actor="ann", reason="client asks"))
    lines = list(effects.lines(decision))
    assert lines[0] == "move: sandbox → rollback (initiate_rollback): client asks"
    assert "WARNING: cannot be taken back: Mail (x)" in lines


def test_a_reason_stands_behind_its_event() -> None:
    shot = Snapshot(begun().state, PATH, seq=1)
    decision = decide(shot, NOW, HoldJourney(actor="ann", reason="summer"))
    assert "record: journey.held: summer" in list(effects.lines(decision))


def test_what_is_long_or_many_is_cut_and_says_so() -> None:
    assert effects.brief("x" * 200) == "x" * 200
    assert effects.brief(list(range(1000))) == f"{str(list(range(1000))).replace(' ', '')[:200]}…"
    tasks = tuple(Task(f"t{n}", "Look", "x") for n in range(1000))
    told = list(effects._unit(UnitOfWork("u", "j", "sandbox", tasks, name="u")))
    assert len(told) == 22
    assert told[0] == "plan unit u, 1000 tasks:"
    assert told[-1].strip() == "and 980 more; --json has all"
