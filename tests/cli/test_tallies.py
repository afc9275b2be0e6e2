"""Every call of every agent is counted, for each client by itself."""

from dataclasses import replace
from uuid import UUID, uuid4

from sojourn.agents.directory import Directory
from sojourn.cli.tallies import Counted, Tally
from sojourn.core.outcomes import Call, Completed

NOTE = Call(
    UUID(int=1), UUID(int=2), "t", "notification-agent", 1, client_id="acme",
    input_data={"to": "ann", "message": "hello"},
)  # fmt: skip


async def test_every_call_is_counted_for_its_client() -> None:
    directory = Directory.load()
    counted = Counted(directory)
    assert isinstance(await counted.send(NOTE), Completed)
    await counted.send(replace(NOTE, uow_id=uuid4(), retry_count=1, input_data={}))
    await counted.send(replace(NOTE, client_id="other"))
    assert counted.of("acme") == {
        "notification-agent": Tally(calls=2, retried=1, completed=1, failed=1)
    }
    assert counted.of("other")["notification-agent"].calls == 1
    assert counted.of("nobody") == {}
    assert list(counted.limits()) == directory.limits()
    await directory.aclose()
