"""People who use the version of the product that this process has imported: of any age.

``python -m tests.faults.before URL SEED SECONDS WIDTH`` lets them keep journeys going for so long,
and prints what they were told, for others to go on from: the same seed has the same paths.
"""

import asyncio
import json
import random
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sojourn.control.door import Door
from sojourn.store import clock
from sojourn.store.postgres import open_database
from tests.faults.orders import Orders, Told


async def keep(url: str, seed: int, seconds: float, width: int) -> dict[str, Any]:
    """Keep so many journeys going; return what was told, as JSON."""
    async with open_database(url, Path()) as db:
        async with db.connection() as connection:
            door = Door(db, await clock.read(connection))
        orders = Orders(random.Random(seed), door)
        await orders.keep(seconds, width)
    return {
        "told": [(str(t.journey_id), t.seq, t.types, t.at.isoformat()) for t in orders.told],
        "cancelled": [str(journey) for journey in orders.cancelled],
        "paths": {str(journey): kind for journey, kind in orders.paths.items()},
        "started": orders.started,
    }


def go_on(orders: Orders, kept: dict[str, Any]) -> None:
    """Let others remember what was told before."""
    orders.told += [
        Told(UUID(journey), seq, tuple(types), datetime.fromisoformat(at))
        for journey, seq, types, at in kept["told"]
    ]
    orders.cancelled |= {UUID(journey) for journey in kept["cancelled"]}
    orders.paths |= {UUID(journey): kind for journey, kind in kept["paths"].items()}
    orders.started += kept["started"]


if __name__ == "__main__":
    url, seed, seconds, width = sys.argv[1:]
    print(json.dumps(asyncio.run(keep(url, int(seed), float(seconds), int(width)))))
