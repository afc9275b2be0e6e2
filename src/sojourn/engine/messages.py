"""What people read of alerts: what, the number against its limit, since when, why, and what to do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

Row = Mapping[str, Any]
MOST: Final = 20
"""Alerts told one by one in a message; of more than that only their number."""
ORDER: Final = ("page", "notify", "digest")
WHY: Final = {
    "escalated": "Nobody has acknowledged this in time.",
    "reminded": "This was put off until now, and still lasts.",
}


def title(rows: Sequence[Row]) -> str:
    """Return the subject of a message on one alert or on several."""
    if len(rows) == 1:
        [row] = rows
        whose = row["client_id"] or "Sojourn"
        told = f"{whose}: {row['kind'].replace('_', ' ')}"
        return f"[{row['severity']}] {told}"
    counts = Counter(row["severity"] for row in rows)
    parts = ", ".join(f"{counts[s]} {s}" for s in ORDER if counts[s])
    return f"[{worst(rows)}] {len(rows)} alerts: {parts}"


def worst(rows: Sequence[Row]) -> str:
    """Return the gravest severity among alerts."""
    present = {row["severity"] for row in rows}
    return next(severity for severity in ORDER if severity in present)


def body(rows: Sequence[Row], base: str = "") -> str:
    """Return the text of a message; ``base`` is where the pages are, for its links."""
    blocks = ["\n".join(_lines(row, base, len(rows) > 1)) for row in rows[:MOST]]
    if len(rows) > MOST:
        blocks.append(f"and {len(rows) - MOST} more" + (f": {base}/alerts" if base else ""))
    return "\n\n".join(blocks)


def _lines(row: Row, base: str, several: bool) -> Iterator[str]:
    if several:
        yield f"{row['client_id'] or 'Sojourn'}: {row['kind'].replace('_', ' ')}"
    yield row["message"]
    if row["actual"]:
        yield f"Number: {row['actual']}" + (f" (limit: {row['expected']})" * bool(row["expected"]))
    yield f"Since: {row['raised_at']:%Y-%m-%d %H:%M %Z}"
    if row["cause"]:
        yield f"Likely cause: {row['cause']}"
    if row["remedy"]:
        yield f"Do: {row['remedy'].replace('CLIENT', row['client_id'] or 'CLIENT')}"
    if row["owner"]:
        yield f"Owner: {row['owner']}"
    if why := WHY.get(row["reason"]):
        yield why
    if base:
        key = row["journey_key"]
        yield f"{base}/journeys/{quote(key, safe='')}" if key else f"{base}/alerts"
