"""What became of a fleet, as data and for people: each client against its fate."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from sojourn.cli import screen
from sojourn.cli.play import Played
from sojourn.cli.story import Story, tell
from sojourn.control.door import Door

COLUMNS: Final = ("fate", "path", "#clients", "#as it must", "ends in")
NAMED: Final = ("client", "path", "scenario", "stage", "ok", "stopped")


async def tell_all(door: Door, played: Sequence[Played]) -> Story:
    """Return what became of each client of a fleet, from the rows."""
    stories = [await tell(door, one) for one in played]
    clients = [_client(story) for story in stories]
    return {
        "scenario": "fleet",
        "seed": played[0].seed,
        "speed": played[0].speed,
        "real_seconds": round(played[0].seconds, 1),
        "clients": clients,
        "stages": dict(Counter(client["stage"] for client in clients)),
        "calls": sum(client["calls"] for client in clients),
        "ok": all(client["ok"] for client in clients),
    }


def _client(story: Story) -> Story:
    wrong = [point for point in story["expected"] if not point["ok"]]
    return {name: story[name] for name in NAMED} | {
        "days": story["total"]["days"],
        "rollbacks": len(story["rollbacks"]),
        "calls": sum(agent["calls"] for agent in story["agents"]),
        "wrong": wrong,
        "explanation": story["explanation"],
    }


def report(story: Story) -> Iterator[RenderableType]:
    """Yield the parts of the report, the verdict last."""
    clients = story["clients"]
    yield screen.text(f"Report: {len(clients)} clients in {story['real_seconds']:g} s", "bold")
    yield screen.text(f"{story['calls']:,} calls of agents", "dim")
    yield Text()
    yield screen.table(COLUMNS, _rows(clients))
    for client in clients:
        if not client["ok"]:
            yield from _wrong(client)
    yield Text()
    right = sum(client["ok"] for client in clients)
    if story["ok"]:
        told = f"✓ PASSED: all {right} clients are where their scenarios say."
        yield screen.text(told, "good")
    else:
        told = f"✗ FAILED: {len(clients) - right} of {len(clients)} clients are not."
        yield screen.text(told, "bad")


def _rows(clients: Sequence[Story]) -> Iterator[list[Any]]:
    groups: dict[tuple[str, str], list[Story]] = {}
    for client in clients:
        groups.setdefault((client["scenario"], client["path"]), []).append(client)
    for (fate, path), every in groups.items():
        stages = Counter(client["stage"] for client in every)
        ends = ", ".join(f"{stage} {count}" for stage, count in stages.most_common())
        yield [fate, path, len(every), sum(client["ok"] for client in every), ends]


def _wrong(client: Story) -> Iterator[Text]:
    yield screen.text(f"✗ {client['client']} ({client['scenario']}): {client['stage']}", "bad")
    for point in client["wrong"]:
        yield screen.text(f"  {point['what']}; found: {point['found']}")
    if client["stopped"]:
        yield screen.text(f"  stopped: {client['stopped']}")
