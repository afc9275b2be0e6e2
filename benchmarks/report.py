"""What every benchmark prints and keeps: a table, JSON, and a file with machine and commit."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
Row = Mapping[str, Any]


def report(name: str, rows: Sequence[Row], *, keep: bool = True) -> None:
    """Print rows as a table and as one line of JSON, and keep them in ``results/<name>.json``."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns, *([_said(row.get(c)) for c in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    told = {"benchmark": name, **surroundings(), "rows": list(rows)}
    print(json.dumps(told))
    if keep:
        RESULTS.mkdir(exist_ok=True)
        text = json.dumps(told, indent=2) + "\n"
        (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


def _said(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def surroundings() -> dict[str, Any]:
    """Return what figures depend on: machine, load, versions, commit and time."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": f"{os.cpu_count()} x {_processor()}",
        "load": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        here = Path(__file__).parent
        found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=here)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
