from typing import Any

from sojourn.sandbox.inputs import Inputs
from sojourn.sandbox.installed import Installed, installed
from sojourn.sandbox.world import allowed
from tests.sandbox.worlds import call, world

SMALL = {"size": "small", "scenario": "healthcare_demo"}


def service(*spells: dict[str, object]) -> Installed:
    data: dict[str, Any] = {**SMALL, "world": world(*spells)}
    return installed(call(**data), Inputs(data))


def hits(found: Installed) -> int:
    return sum(sum(s.hits[:5]) for s in found.answered())


def test_a_stale_index_finds_less() -> None:
    good = hits(service())
    stale = hits(service({"kind": "relevance", "amount": 0.5}))
    assert stale < 0.8 * good
    assert hits(service({"kind": "relevance", "amount": 0.5, "from_day": 30})) == good


def test_a_connector_that_does_not_sync_has_fewer_documents() -> None:
    found = service({"kind": "sync", "connector": "jira", "amount": 0.5})
    had, synced = found.documents("jira")
    assert synced == had / 2
    assert found.documents("slack") == (had, had)
    assert hits(found) < hits(service())


def test_only_a_leaking_connector_shows_what_must_not_be_seen() -> None:
    tight, leaky = service(), service({"kind": "leak", "connector": "slack"})
    secret = next(d for d in tight.world.source("slack") if d.department)
    other = next(d for d in tight.world.source("jira") if d.department)
    stranger = next(u for u in tight.world.users if not allowed(u, secret))
    assert not tight.sees(stranger, secret)
    assert leaky.sees(stranger, secret)
    spy = next(u for u in tight.world.users if not allowed(u, other))
    assert not leaky.sees(spy, other)


def test_what_is_served_depends_on_who_asks() -> None:
    found = service()
    query = found.world.queries[0]
    for user in found.world.users[:20]:
        served = found.served(query, user)
        assert len(served.hits) == 10
        assert sum(served.hits) <= served.relevant
