"""Messages without secrets, and of bounded length."""

import re
from typing import Final

LONGEST: Final = 500
SECRETS: Final = (
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@"), r"\1…@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), r"\1 …"),
    (
        re.compile(
            r"(?i)([\w-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|credential)"
            r"[\w-]*[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}\]]+)"
        ),
        r"\1…",
    ),
    (re.compile(r"\b(?:sk|pk|ghp|gho|xox[abp]|whsec|AKIA)[-_]?[A-Za-z0-9_-]{12,}"), "…"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "…"),
)


def redact(text: str) -> str:
    """Return one bounded line of a message, with what looks like a secret taken out."""
    line = " ".join(text[: 4 * LONGEST].split())
    for pattern, instead in SECRETS:
        line = pattern.sub(instead, line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
