import asyncio
from uuid import uuid4

from a2a.types import Message, TaskState

from sojourn.sandbox.a2a_server.once import task_id_of
from sojourn.sandbox.online.deployments import MAIL
from tests.sandbox.a2a_server.conftest import Agents
from tests.sandbox.a2a_server.peers import result

LETTER = {"to": "ann", "message": "hello"}


async def test_a_message_that_comes_again_is_one_task(world: Agents) -> None:
    peer = await world.peer("notification-agent")
    message_id = str(uuid4())
    first = await peer.do(LETTER, message_id=message_id)
    assert result(first)["output"] == {"sent": 1}
    again = await peer.send(LETTER, message_id)
    assert (again.id, again.status.state) == (first.id, TaskState.TASK_STATE_COMPLETED)


async def test_duplicates_at_the_same_time_are_worked_on_once(world: Agents) -> None:
    peer = await world.peer("notification-agent")
    message_id = str(uuid4())
    sent = await asyncio.gather(*(peer.send(LETTER, message_id) for _ in range(8)))
    assert len({task.id for task in sent}) == 1
    assert result(await peer.follow(sent[0]))["output"] == {"sent": 1}
    assert len(await world.backend.records(MAIL)) == 1


def test_a_task_has_an_id_that_follows_from_its_message() -> None:
    assert task_id_of(Message(message_id="a")) == task_id_of(Message(message_id="a"))
    assert task_id_of(Message(message_id="a")) != task_id_of(Message(message_id="b"))
    assert task_id_of(Message(message_id="a", task_id="t")) == "t"
