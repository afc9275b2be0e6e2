"""What has changed: the same rows as they stood at an earlier moment."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

Row = Mapping[str, Any]
COUNTED: Final = (
    "piloted", "rollbacks", "pilot_rollbacks", "gates", "first_passes", "interventions",
)  # fmt: skip
"""What each row counts until then as well, under the same name with ``_then``."""


def as_of(rows: Iterable[Row], then: datetime) -> list[Row]:
    """Return the journeys that had started by a moment, with what had become of them by then.

    Their holds are taken as they are known now: ``active_days`` looks at those before its end only.
    """
    return [_stood(row, then) for row in rows if row["started_at"] <= then]


def _stood(row: Row, then: datetime) -> Row:
    counted = {name: row[f"{name}_then"] for name in COUNTED}
    return {
        **row,
        **counted,
        "reached_at": _by(row["reached_at"], then),
        "ended_at": _by(row["ended_at"], then),
    }


def _by(at: datetime | None, then: datetime) -> datetime | None:
    return at if at is not None and at <= then else None
