"""Units of work as lines: how far each is, and when it comes again."""

from dataclasses import replace

from sojourn.cli.picture import Picture
from sojourn.cli.workload import units
from sojourn.core.work import Trouble, UnitOfWorkStatus
from tests.cli.plays import photographed


def lines(picture: Picture) -> list[str]:
    return [" | ".join(cell.plain for cell in row) for _, row in units(picture)]


def planned(picture: Picture) -> bool:
    return len(picture.shot.units) == 5 and all(unit.done for unit in picture.shot.units)


async def test_units_by_title_with_their_agents_and_how_often_they_ran(database_url: str) -> None:
    picture = await photographed(database_url, planned)
    told = {line.split(" | ")[1]: line for line in lines(picture)}
    assert told["Connector installation"].startswith("✓ | Connector installation | connector-inst")
    assert told["Connector installation"].endswith(" | done")
    security = told["Security audit"]
    assert security.startswith("↻ | Security audit | security-scan | ")
    assert " run" in security
    assert all(may_go for may_go, _ in units(picture))
    assert lines(troubled(picture))[0].endswith("failed: HTTP 503")
    assert units(troubled(picture))[0][0] is False
    assert lines(begun(picture))[0].split(" | ")[0::3] == ["▶", "1 of 3 tasks"]


def troubled(picture: Picture) -> Picture:
    unit = picture.shot.units[0]
    trouble = Trouble("t", "Install", "a", "HTTP 503")
    failed = replace(unit, status=UnitOfWorkStatus.FAILED, troubles=(trouble,))
    return replace(picture, shot=replace(picture.shot, units=(failed,)))


def begun(picture: Picture) -> Picture:
    [unit] = [u for u in picture.shot.units if u.name == "connectors"]
    running = replace(unit, status=UnitOfWorkStatus.RUNNING, runs=0, completed=1)
    return replace(picture, shot=replace(picture.shot, units=(running,)))
