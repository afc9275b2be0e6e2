import pytest

from sojourn.cli.changing import carry_out
from sojourn.control.door import RefusedError
from sojourn.core.commands import HoldJourney, Resume
from tests.cli.terminal import Terminal


def test_a_command_is_previewed_or_carried_out_and_told(
    acme: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    command = HoldJourney(actor="ann", reason="x")
    before = acme.dump()
    decision = carry_out("acme", command, "hold acme", dry_run=True, as_json=False)
    assert decision.state.hold is not None
    assert acme.dump() == before
    assert capsys.readouterr().out.startswith("hold acme: dry run, nothing was changed")
    carry_out("acme", command, "hold acme", dry_run=False, as_json=False)
    assert capsys.readouterr().out.startswith("hold acme: done")
    assert acme.dump() != before


def test_a_refusal_comes_through(acme: Terminal) -> None:
    for dry_run in (True, False):
        with pytest.raises(RefusedError):
            carry_out("acme", Resume(actor="ann"), "x", dry_run=dry_run, as_json=False)
