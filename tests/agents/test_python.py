import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from inspect import iscoroutinefunction
from threading import Event
from typing import Any, ClassVar

import pytest

from sojourn.agents.python import BadTarget, PythonAgent, load
from sojourn.core.outcomes import Call, Completed, Failed, Measured, Needs, Outcome, Working
from tests.agents.calls import call, finish
from tests.agents.conformance import Conformance, Peer, echo


class TestPythonAgents(Conformance):
    cannot: ClassVar[Mapping[str, str]] = {
        "redirect": "a callable has no address",
        "tls": "a callable has no address",
        "dying": "a callable dies with its worker, which is tested with the engine",
        "twice": "a callable returns once",
    }

    @pytest.fixture
    def peer(self) -> Peer:
        return make_peer()


def make_peer() -> Peer:
    async def work(made: Call) -> Any:
        if not made.handle:
            peer.executed[made.key] = 1
        behave = getattr(Behaviours, made.input_data["behaviour"])
        return await behave(made) if iscoroutinefunction(behave) else behave(made)

    peer = Peer(PythonAgent(work))
    return peer


class Behaviours:
    """What the callable does, by the name of the behaviour."""

    @staticmethod
    def success(made: Call) -> Any:
        return echo(made)

    @staticmethod
    def working(made: Call) -> Outcome:
        polls = (made.handle or {"polls": -1})["polls"] + 1
        if polls < 3:
            return Working({"polls": polls}, timedelta(seconds=1))
        return Completed({"said": "at last"})

    late = working

    @staticmethod
    def needs(made: Call) -> Any:
        if made.answer is None:
            return Needs("input", "which space?", {"asked": 1})
        return {"space": made.answer}

    @staticmethod
    def auth(made: Call) -> Outcome:
        return Needs("auth", "please log in", {"asked": 1})

    @staticmethod
    def retryable(made: Call) -> Any:
        raise ConnectionError("try later")

    @staticmethod
    def terminal(made: Call) -> Outcome:
        return Failed("no such space", retryable=False)

    @staticmethod
    def garbage(made: Call) -> Any:
        return object()

    @staticmethod
    def huge(made: Call) -> Any:
        return {"text": "x" * (50 << 20)}

    @staticmethod
    def deep(made: Call) -> Any:
        return nested(100_000)

    @staticmethod
    async def slow(made: Call) -> Any:
        await asyncio.Event().wait()

    silent = slow

    @staticmethod
    def secret(made: Call) -> Any:
        raise ValueError("password=hunter2 for https://ada:hunter2@example.com was refused")


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"in": value}
    return value


async def test_a_plain_function_runs_in_a_thread() -> None:
    release = Event()

    def work(made: Call) -> dict[str, Any]:
        return {"waited": release.wait(5)}

    sending = asyncio.create_task(PythonAgent(work).send(call()))
    await asyncio.sleep(0)
    release.set()
    assert await sending == Completed({"waited": True})


async def test_a_plain_function_that_hangs_is_left_behind() -> None:
    release = Event()
    begun = time.monotonic()
    outcome = await PythonAgent(lambda made: release.wait(30)).send(call(seconds=0.1))
    assert time.monotonic() - begun < 3
    assert outcome == Failed("no answer within 0.1 s")
    release.set()


async def test_a_callable_that_ignores_its_cancellation_is_left_behind() -> None:
    release = asyncio.Event()

    async def stubborn(made: Call) -> dict[str, Any]:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return {}

    agent = PythonAgent(stubborn)
    begun = time.monotonic()
    outcome = await agent.send(call(seconds=0.05))
    assert time.monotonic() - begun < 3
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    release.set()
    await asyncio.sleep(0.01)
    assert not agent._left


async def test_cancel_stops_what_runs_here() -> None:
    stopped = asyncio.Event()

    async def work(made: Call) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return {}

    agent = PythonAgent(work)
    made = call()
    sending = asyncio.create_task(agent.send(made))
    await asyncio.sleep(0.01)
    await agent.cancel(made)
    assert stopped.is_set()
    assert await sending == Failed("cancelled")


async def test_a_pair_is_output_and_measurements() -> None:
    async def work(made: Call) -> Any:
        return {"precision": 0.9}, [{"metric": "search_precision", "value": 0.9, "n": 50}]

    assert await PythonAgent(work).send(call()) == Completed(
        {"precision": 0.9}, (Measured("search_precision", 0.9, 50),)
    )


@pytest.mark.parametrize("error", [SystemExit(3), StopIteration("x"), asyncio.CancelledError()])
async def test_a_callable_cannot_end_the_engine(error: BaseException) -> None:
    async def work(made: Call) -> Any:
        raise error

    def plain(made: Call) -> Any:
        raise error

    for callable_ in (work, plain):
        outcome = await PythonAgent(callable_).send(call())
        assert isinstance(outcome, Failed), outcome
        assert outcome.retryable


async def test_an_object_with_an_async_call_is_awaited() -> None:
    class Worker:
        async def __call__(self, made: Call) -> dict[str, Any]:
            return {"task": made.task_id}

    assert await finish(PythonAgent(Worker()), call()) == Completed({"task": "task-001"})


async def test_the_type_of_an_error_is_named_but_not_its_stack() -> None:
    async def work(made: Call) -> Any:
        raise KeyError("space")

    assert await PythonAgent(work).send(call()) == Failed("KeyError: 'space'")


def test_targets_are_loaded_by_name() -> None:
    assert load("tests.agents.conformance:echo") is echo


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("sojourn.sandbox.quality", "must be written package.module:name"),
        (":measure", "must be written package.module:name"),
        ("sojourn.sandbox.quality:mesure", "did you mean 'measure'?"),
        ("sojourn.sandbox.quality:__doc__", "has no callable '__doc__'"),
        ("sojourn.sandbox.qualty:measure", "ModuleNotFoundError: No module named"),
    ],
)
def test_a_target_that_names_no_callable(target: str, message: str) -> None:
    with pytest.raises(BadTarget) as caught:
        load(target)
    assert message in str(caught.value)
