"""Logging: structlog and the standard library's loggers as one, to stderr, without secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from sojourn.agents.redact import redact
from sojourn.settings import Settings

SECRET: Final = ("password", "passwd", "secret", "token", "authorization", "api_key", "dsn")
"""Words in a key that make its value a secret."""


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Log as the settings say; ``quiet`` lets only warnings through, unless debug is asked for."""
    level = getattr(logging, settings.log_level.upper())
    if quiet and level > logging.DEBUG:
        level = max(level, logging.WARNING)
    shared = _shared(settings.log_format)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(settings.log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Their lines at info level are one for each request or connection.
    for noisy in ("httpx", "httpx2", "httpcore", "httpcore2", "uvicorn", "mcp", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    # It warns of pipelines that a refused statement ended, which is told to the caller anyway.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


def _shared(style: str) -> list[Any]:
    traces = [structlog.processors.format_exc_info] if style == "json" else []
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *traces,
        without_secrets,
    ]


def _renderer(style: str) -> Any:
    if style == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def without_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Return a log event with everything that looks like a secret taken out."""
    for key, value in event.items():
        if any(word in key.lower() for word in SECRET):
            event[key] = "…"
        elif key not in ("exception", "exc_info") and isinstance(value, str):
            event[key] = redact(value)
    return event
