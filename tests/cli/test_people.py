"""People record every fact and approve everything that a path asks for, in roles that may."""

import pytest

from sojourn.cli.people import EVERYDAY, SIGNED, without
from sojourn.core.commands import Approve, RecordFacts
from sojourn.core.criteria import ApprovalRule, Observe
from sojourn.core.paths import Path, criteria_of, subjects
from sojourn.paths import find, load_file

PATHS = list(EVERYDAY)


def loaded(name: str) -> Path:
    return load_file(find(name))


@pytest.mark.parametrize("name", PATHS)
def test_people_do_everything_that_the_path_asks_for(name: str) -> None:
    path = loaded(name)
    made = [deed.make(deed.who) for deed in EVERYDAY[name]]
    facts = {f for m in made if isinstance(m, RecordFacts) for f in m.facts} | set(SIGNED)
    asked = {c.subject for s in path.stages for place, c in criteria_of(s) if place != "trigger"}
    assert facts == asked & subjects(path, Observe.FACT)
    given = {m.criterion for m in made if isinstance(m, Approve)}
    assert given == {
        c.name for s in path.stages for _, c in criteria_of(s) if c.observe == Observe.APPROVAL
    }


@pytest.mark.parametrize("name", PATHS)
def test_people_approve_in_a_role_that_may_and_there_are_enough_of_them(name: str) -> None:
    path = loaded(name)
    rules = {c.name: c.approval or ApprovalRule() for s in path.stages for _, c in criteria_of(s)}
    approving = [deed for deed in EVERYDAY[name] if deed.approves]
    for deed in approving:
        assert set(deed.who.roles) & set(rules[deed.approves].roles), deed.approves
    for criterion in {deed.approves for deed in approving}:
        people = {deed.who.name for deed in approving if deed.approves == criterion}
        assert len(people) == rules[criterion].quorum


def test_what_somebody_leaves_undone_is_left_out() -> None:
    first, *rest = EVERYDAY["standard"]
    assert without(EVERYDAY["standard"], first) == tuple(rest)
