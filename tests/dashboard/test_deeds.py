from datetime import timedelta
from typing import Any

from sojourn.core import commands
from sojourn.dashboard.deeds import DEEDS, WEEKS
from sojourn.dashboard.icons import PATHS

WHO: dict[str, Any] = {"actor": "ann", "roles": ("admin",), "reason": "because"}


def test_each_deed_is_one_command_by_the_person() -> None:
    for name, deed in DEEDS.items():
        command = deed.make(WHO, {})
        assert (command.actor, command.reason) == ("ann", "because"), name
        assert deed.icon in PATHS


def test_fields_become_the_command() -> None:
    roll = DEEDS["rollback"].make(WHO, {"target": "sandbox", "trigger": "critical_bug"})
    assert roll == commands.RollBack(**WHO, target="sandbox", trigger="critical_bug")
    waive = DEEDS["waive"].make(WHO, {"criterion": "q", "days": "30"})
    assert waive == commands.Waive(**WHO, criterion="q", lasts=timedelta(days=30))
    forged = DEEDS["waive"].make(WHO, {"criterion": "q", "days": "9999"})
    assert forged == commands.Waive(**WHO, criterion="q", lasts=timedelta(days=7))
    assert "9999" not in WEEKS
    seen = DEEDS["approve"].make(WHO, {"criterion": "q", "evidence": "abc"})
    assert seen == commands.Approve(**WHO, criterion="q", evidence_hash="abc")
