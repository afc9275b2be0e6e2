"""The world of a scenario is steady, and an agent that is to be killed has a process alone."""

from sojourn.cli.fates import fleet
from sojourn.cli.scenery import MANY, QUICK, scenery, step_of
from sojourn.cli.tales import TALES
from sojourn.sandbox.online.jobs import titles


def test_a_machine_that_is_busy_changes_no_measurement() -> None:
    for tales in ([TALES["happy"]], [TALES["dead-agent"]], [p.tale for p in fleet()]):
        assert scenery(tales).steady


def test_who_is_to_be_killed_is_alone_and_has_something_to_do() -> None:
    options = scenery([TALES["dead-agent"]])
    assert set(options.alone) <= set(titles())
    assert options.alone
    assert options.crawl_seconds > 0


def test_many_clients_share_the_machine() -> None:
    assert scenery([TALES["happy"]]).limits == QUICK
    assert scenery([p.tale for p in fleet()]).limits == MANY
    assert step_of(fleet()) > step_of([TALES["happy"]])
