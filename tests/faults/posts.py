"""What people ask over HTTP: each under a key of its own, again and again until it is answered.

Each request carries a mark that what it does can be told by: the reason of its events, the client
of its journey, the metric of its measurement. The oracle counts what was done of each.
"""

import asyncio
import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx

from sojourn.api.once import UNKEPT
from sojourn.control.door import Door
from sojourn.control.keys import create
from sojourn.core.commands import (
    Approve,
    Cancel,
    Command,
    HoldJourney,
    Promote,
    Reject,
    Resume,
    RetryFailed,
    RollBack,
)
from sojourn.store.postgres import Database
from tests.doors import rows
from tests.faults import shapes
from tests.faults.orders import AWAY, ROLES, Orders, Told

ACTOR: Final = "pat"
SECONDS: Final = 2.0
"""How long somebody waits for an answer before asking again."""
PAUSE: Final = 0.15
MOST: Final = 12
"""Requests under way at once."""
VERBS: Final[dict[type[Command], str]] = {
    Approve: "approve",
    Cancel: "cancel",
    HoldJourney: "hold",
    Promote: "promote",
    Reject: "reject",
    Resume: "resume",
    RetryFailed: "retry",
    RollBack: "rollback",
}
NAMED: Final = ("approve", "reject")
"""Verbs whose body names a criterion."""
IMPATIENT: Final = """
UPDATE idempotency_keys SET busy_until = now()
WHERE status IS NULL AND busy_until BETWEEN now() AND now() + interval '118 seconds'
"""
"""Whoever has held the place of a request for two seconds has held it for two minutes."""


@dataclass(slots=True)
class Post:
    """One request: what was asked, and what came of it in the end."""

    mark: str
    verb: str
    path: str
    body: dict[str, Any]
    journey_id: UUID | None = None
    tries: int = 0
    status: int = 0
    code: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    other: str = ""
    """What a repetition was answered with, where that was something else."""


class Posts:
    """Requests of somebody with a key, to the API at a port."""

    def __init__(self, chance: random.Random, db: Database, port: int, token: str) -> None:
        self._chance = chance
        self._db = db
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        self._tasks: set[asyncio.Task[Post]] = set()
        self.made: list[Post] = []
        self.repeated = 0
        """Requests that were made again since no answer came, or none that said it was done."""

    @property
    def open(self) -> int:
        """How many requests have no answer yet."""
        return len(self._tasks)

    def send(
        self, verb: str, path: str, body: dict[str, Any], journey: UUID | None = None
    ) -> asyncio.Task[Post]:
        """Ask for something; where the body says MARK, it says the request's mark."""
        mark = f"post-{len(self.made)}"
        marked = {k: mark if v == shapes.MARK else v for k, v in body.items()}
        post = Post(mark, verb, path, marked, journey)
        self.made.append(post)
        task = asyncio.create_task(self._carry(post))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Ask for nothing any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _carry(self, post: Post) -> Post:
        """Ask until there is an answer; now and then somebody asks twice at once, or once more."""
        twice = self._chance.random() < 0.2
        more = self._chance.random() < 0.3
        asked = [self._answered(post), *([self._answered(post)] if twice else [])]
        answers = await asyncio.gather(*asked)
        if more:
            answers.append(await self._answered(post))
        # A refusal for want of a role or a key is of its moment: nothing is kept of it.
        kept = [a for a in answers if a.status_code not in UNKEPT] or answers[:1]
        said = [(a.status_code, a.json()) for a in kept]
        # That it was done, and the answer lost, is the least that can be said of it.
        said.sort(key=lambda one: one[1].get("code") == "done_already")
        post.status, post.answer = said[0]
        post.code = post.answer.get("code", "")
        for status, body in said[1:]:
            lost = body.get("code") == "done_already" and acknowledged(post)
            if not lost and (status, body.get("journey")) != (
                post.status,
                post.answer.get("journey"),
            ):
                post.other = f"{status} {body}"
        return post

    async def _answered(self, post: Post) -> httpx.Response:
        while True:
            post.tries += 1
            with suppress(httpx.TransportError):
                answer = await self._client.post(
                    post.path, json=post.body, headers={"Idempotency-Key": post.mark}
                )
                if not (busy := in_flight(answer)) and answer.status_code < 500:
                    return answer
                if busy:
                    with suppress(*AWAY):
                        await rows(self._db, IMPATIENT)
            self.repeated += 1
            await asyncio.sleep(PAUSE)


def in_flight(answer: httpx.Response) -> bool:
    """Say whether an answer only says that the request is being carried out."""
    return answer.status_code == 409 and answer.json().get("code") == "in_flight"


class RemoteOrders(Orders):
    """People of whom most ask over HTTP."""

    def __init__(self, chance: random.Random, door: Door, posts: Posts, folder: Path) -> None:
        """``folder`` is where the API looks for paths."""
        super().__init__(chance, door)
        self._documents = [shapes.calling(chance, d) for d in self._documents]
        self._newer = [shapes.calling(chance, d) for d in self._newer]
        self.posts = posts
        for document in self._documents:
            (folder / f"{document['name']}.yaml").write_text(json.dumps(document))

    async def start(self) -> None:
        """Start a journey, over HTTP mostly."""
        if not self._remotely():
            await super().start()
            return
        kind = self._chance.randrange(len(self._documents))
        self.started += 1
        name = self._documents[kind]["name"]
        body = {"client_id": shapes.MARK, "path": name, "facts": shapes.FACTS}
        task = self.posts.send("start", "/journeys", body)
        task.add_done_callback(lambda done: self._begun(done, kind))

    async def finish(self) -> int:
        """Do what brings journeys to their end; return how many are on their way, or are asked for."""
        return await super().finish() + self.posts.open

    async def _order(self, journey: UUID) -> None:
        if self._chance.random() < 0.25 and self._remotely():
            body = {"client": str(journey), "metric": shapes.MARK, "value": 1}
            self.posts.send("measure", "/measurements", body, journey)
            return
        await super()._order(journey)

    async def _try(self, journey: UUID, command: Command) -> None:
        verb = VERBS.get(type(command))
        if verb is None or not self._remotely():
            await super()._try(journey, command)
            return
        body = {"reason": shapes.MARK}
        if verb in NAMED:
            body["criterion"] = shapes.APPROVAL
        task = self.posts.send(verb, f"/journeys/{journey}/{verb}", body, journey)
        task.add_done_callback(self._answered)

    def _remotely(self) -> bool:
        return self.posts.open < MOST and self._chance.random() < 0.75

    def _begun(self, done: asyncio.Task[Post], kind: int) -> None:
        self._answered(done)
        if not done.cancelled() and done.result().status == 201:
            self.paths[UUID(done.result().answer["journey"]["journey_id"])] = kind

    def _answered(self, done: asyncio.Task[Post]) -> None:
        """Remember what was acknowledged, by its place in the journal."""
        if done.cancelled() or done.result().status >= 300:
            return
        answer = done.result().answer
        types = tuple(e["type"] for e in answer["effects"]["events"])
        before = answer["journey"]["seq"] - len(types)
        self.told.append(Told(UUID(answer["journey"]["journey_id"]), before, types))


async def opened(chance: random.Random, door: Door, port: int) -> Posts:
    """Return requests of somebody with a new key."""
    key = await create(door, ACTOR, ROLES, "ann")
    return Posts(chance, door.db, port, key.token)


async def judge(db: Database, posts: Posts) -> list[str]:
    """Return what of the requests is not as it must be: each is done once, or refused."""
    done: Counter[str] = Counter(dict(await rows(db, DONE)))
    found = [
        f"{post.mark} ({post.verb} of {post.journey_id}): {said}"
        for post in posts.made
        for said in _amiss(post, done[post.mark])
    ]
    left = await rows(db, LEFT)
    return found + [f"the place of {key} is held by a request that is over" for (key,) in left]


def _amiss(post: Post, done: int) -> list[str]:
    found = []
    if not post.status:
        return [f"it was never answered, {post.tries} times"]
    if post.other:
        told = f"{post.status} {post.answer}"
        found.append(f"it was answered with {told:.200}, repeated with {post.other:.200}")
    if done > 1:
        found.append(f"it was done {done} times")
    if acknowledged(post) and not done:
        found.append(f"it was acknowledged with {post.status} {post.code}, and never done")
    if not acknowledged(post) and done and post.code != "gate":  # a gate's refusal is an event
        found.append(f"it was refused with {post.status} {post.code}, and done")
    return found


def acknowledged(post: Post) -> bool:
    """Say whether somebody was told that it was done."""
    return post.status < 300 or post.code == "done_already"


DONE: Final = f"""
SELECT why, count(DISTINCT xmin::text) FROM (
    SELECT xmin, coalesce(data->>'asked', reason) AS why FROM journey_events
    WHERE actor = '{ACTOR}') e
WHERE starts_with(why, 'post-') GROUP BY 1
UNION ALL SELECT client_id, count(*) FROM journey_states
WHERE starts_with(client_id, 'post-') GROUP BY 1
UNION ALL SELECT metric, count(*) FROM measurements
WHERE starts_with(metric, 'post-') GROUP BY 1
"""
LEFT: Final = "SELECT key FROM idempotency_keys WHERE status IS NULL AND NOT done"
