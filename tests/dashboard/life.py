"""A small fleet full of life for the pages to show: every kind of journey, on a clock that stands."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from starlette.applications import Starlette
from starlette.requests import Request

from sojourn.agents.directory import Directory
from sojourn.control.keys import Principal
from sojourn.core.commands import Approve, Cancel, HoldJourney, RollBack
from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome
from sojourn.dashboard import create_dashboard
from sojourn.store.postgres import Database, open_database
from tests.doors import START, later, rows, set_time
from tests.journeys.story import Agents, Story, open_story

FLEET = """
name: fleet
title: Fleet
rollback: { after: resume, max_rollbacks: 3, timeout: 2d }
stages:
  - name: sandbox
    title: Sandbox
    purpose: Initial setup
    target: 5d
    limit: 10d
    entry: { criteria: [{ fact: contract_signed, title: Client contract signed, ball: client }] }
    exit:
      criteria:
        - { work: required, title: All required work done }
        - { metric: quality, title: Test queries are relevant, is: ">= 0.8", max_age: 30d }
        - { approval: stakeholder_demo, title: Stakeholder demo approved, ball: client }
    work:
      - name: install
        tasks:
          - { name: prepare, title: Prepare the tenant, agent: builder, undo: { agent: remover } }
          - name: connect
            title: Connect the sources
            depends_on: [prepare]
            agent: builder
            undo: { agent: remover }
      - name: fill
        depends_on: [install]
        tasks:
          - { name: load, title: Load them, agent: loader, deadline: 30d, undo: { agent: remover } }
          - { name: tell, title: Tell the client, agent: teller, irreversible: true }
    triggers:
      - kind: security_vulnerability
        when: { metric: findings, title: Findings of the scan, is: "> 0", max_age: 1d }
      - { kind: client_request, when: { fact: pause_requested }, action: hold }
  - name: pilot
    title: Pilot
    target: 5d
    limit: 10d
    exit:
      criteria:
        - { work: required }
        - { metric: satisfaction, title: Users are content, is: ">= 4" }
    work:
      - name: deploy
        tasks: [{ name: deploy, title: Deploy the pilot, agent: builder, undo: { agent: remover } }]
    triggers:
      - kind: user_satisfaction_low
        when: { metric: satisfaction, title: Users are unhappy, is: "< 3.5", max_age: 1d }
  - name: production
    title: Production
    target: 5d
    limit: 10d
    exit: { criteria: [{ work: required }, { rollout: 100 }, { metric: adoption, is: ">= 0.7" }] }
    rollout:
      waves:
        - { percent: 10, soak: 1d, criteria: [{ metric: incidents, is: "== 0", max_age: 9d }] }
        - { percent: 100 }
      unit:
        name: rollout
        tasks: [{ name: enable, title: "Enable ${wave.percent} %", agent: builder }]
"""
DEMO = "stakeholder_demo"
ANN = Principal("ann", ("admin", "approver"), csrf="ann's secret")
EVE = Principal("eve", ("viewer",), csrf="eve's secret")
TOM = Principal("tom", ("client",), client_id="globex", csrf="tom's secret")
BOT = Principal("loader", ("agent",), agent_id="loader")


@dataclass
class Life:
    """A fleet, its pages, and who looks at them."""

    story: Story
    agents: Agents
    app: Starlette
    journeys: dict[str, UUID]
    who: Principal | None = ANN
    demos: int = 0

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client of the pages."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
            yield client

    def key(self, client: str) -> str:
        """Return the address of a client's journey."""
        return f"/journeys/journey-{client}-2026"


async def no_life(db: Database, now: datetime = START) -> Life:
    """Return pages over an empty database."""
    story, agents = open_story(db)
    set_time(story.door, now)
    agents.answers["loader"] = lambda call: loaded(call)
    life: Life

    async def identify(_request: Request) -> Principal | None:
        return life.who

    async def demo() -> str:
        life.demos += 1
        return "/about"

    app = create_dashboard(story.door, Directory.load(), identify=identify, demo=demo)
    life = Life(story, agents, app, {})
    return life


async def full_life(db: Database) -> Life:
    """Return pages over a fleet in which everything has happened once."""
    life = await no_life(db)
    story = life.story
    for client in ("acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "tyrell"):
        facts = {"contract_signed": True} if client != "acme" else {}
        life.journeys[client] = await story.start(FLEET, client, facts=facts, owner="dana")
    await go_on(story, days=1)
    await measure(story)
    for client in ("globex", "hooli", "wayne"):
        await into_pilot(life, client)
    await go_on(story, days=1)
    await story.tell("hooli", satisfaction=3.1)
    await story.do(
        life.journeys["stark"], HoldJourney(actor="dana", reason="the client is on holiday")
    )
    await story.do(life.journeys["tyrell"], Cancel(actor="dana", reason="budget was cut"))
    await story.tell("wayne", satisfaction=4.6)
    for adoption in (0.4, 0.6, 0.8):
        await go_on(story, days=1)
        await story.tell("wayne", incidents=0, adoption=adoption)
    await go_on(story, days=2)
    return life


async def go_on(story: Story, hours: int = 0, days: int = 0) -> None:
    """Let time go by in steps of six hours: a look each hour would take a minute."""
    for _ in range((hours + 24 * days) // 6):
        later(story.door, hours=6)
        await story.settle()


async def measure(story: Story) -> None:
    """Measure what the sandboxes ask for, a few times."""
    for quality in (0.71, 0.78, 0.84, 0.9):
        for client in ("globex", "hooli", "wayne", "stark"):
            await story.tell(client, quality=quality, findings=0)
        await go_on(story, hours=6)


async def into_pilot(life: Life, client: str) -> None:
    """Approve the demo, which is all that is missing."""
    approval = Approve(actor="grace", roles=("approver",), criterion=DEMO, reason="seen it")
    await life.story.do(life.journeys[client], approval)


async def roll_back(life: Life, client: str) -> None:
    """Roll a client's journey back by hand."""
    await life.story.do(life.journeys[client], RollBack(actor="dana", reason="wrong tenant"))


def loaded(call: Call) -> Outcome:
    """Load documents: for one client that fails, for another it takes a question."""
    if call.client_id == "initech":
        return Failed("the source answers 403 Forbidden", retryable=False)
    if call.client_id == "umbrella" and call.answer is None:
        return Needs("input", "Which space holds the handbook?", {"id": 1})
    return Completed({"documents": 1200, "by": call.task_id})


END = START + timedelta(days=8, minutes=1)
_numbers = count(1)
_LIVED: set[str] = set()


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def lived(server: str, template: str) -> Iterator[str]:
    """A database in which the fleet has lived, to clone: living takes ten seconds."""
    name = "template_lived"
    if server in _LIVED:  # each folder that imports this has a fixture of its own
        yield name
        return
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    async def live() -> None:
        async with open_database(make_conninfo(server, dbname=name), Path()) as db:
            life = await full_life(db)
            assert life.story.now < END
            await life.story.worker.close()
            await life.story.lease.close()

    asyncio.run(live())
    _LIVED.add(server)
    yield name


@pytest.fixture
async def life(server: str, lived: str) -> AsyncIterator[Life]:
    """Pages over a fleet in which everything has happened once."""
    name = f"life_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {lived} STRATEGY FILE_COPY")
    try:
        async with open_database(make_conninfo(server, dbname=name), Path()) as db:
            found = await no_life(db, END)
            every = await rows(db, "SELECT client_id, journey_id FROM journey_states")
            found.journeys = dict(every)
            yield found
            await found.story.worker.close()
            await found.story.lease.close()
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty(db: Database) -> AsyncIterator[Life]:
    """Pages over an empty database."""
    found = await no_life(db)
    yield found
    await found.story.worker.close()
    await found.story.lease.close()
