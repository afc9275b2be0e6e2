from uuid import UUID

from sojourn.app import App
from sojourn.cli import session
from sojourn.cli.portrait import Portrait, take
from tests.cli.terminal import Terminal


def taken(key: UUID) -> Portrait:
    async def work(app: App) -> Portrait:
        return await take(app, key)

    return session.run(work)


def test_a_portrait_is_marked_by_what_changes_not_by_age(acme: Terminal) -> None:
    key = UUID(acme("show", "acme", "--json").json["journey"]["journey_id"])
    first = taken(key)
    assert taken(key).mark == first.mark
    assert taken(key).now > first.now
    acme.settle()
    worked = taken(key)
    assert worked.mark != first.mark
    assert {t["status"] for t in worked.tasks} == {"completed"}
    acme("hold", "acme", "--reason", "x")
    assert taken(key).mark != worked.mark
    assert len(taken(key).events) <= 8
