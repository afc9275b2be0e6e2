from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from typing import get_args

import pytest

from sojourn.core.commands import (
    Asked,
    Command,
    HoldJourney,
    RecordFacts,
    RollBack,
    Waive,
)
from sojourn.core.paths import RollbackTrigger


@pytest.mark.parametrize("command", get_args(Command), ids=lambda c: c.__name__)
def test_every_command_says_who_asks_as_what_and_why(command: type[Asked]) -> None:
    assert issubclass(command, Asked)
    assert [f.name for f in fields(command)][:3] == ["actor", "roles", "reason"]
    assert (command.__doc__ or "").endswith(".")


def test_a_command_is_named_in_full_and_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        HoldJourney("ines")  # type: ignore[call-arg]
    with pytest.raises(FrozenInstanceError):
        HoldJourney(actor="ines").actor = "joe"  # type: ignore[misc]


def test_what_is_usual_need_not_be_said() -> None:
    asked = RollBack(actor="ines")
    assert (asked.roles, asked.reason, asked.target) == (("operator",), "", None)
    assert asked.trigger == RollbackTrigger.CLIENT_REQUEST
    assert Waive(actor="ada", criterion="x").lasts == timedelta(days=7)
    assert RecordFacts(actor="ines").facts == {}
