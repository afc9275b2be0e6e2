"""Traces: spans of what is done, where somebody has asked for them; otherwise they cost nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider

NAME: Final = "sojourn"
CLIENT: Final = SpanKind.CLIENT
SERVER: Final = SpanKind.SERVER
INTERNAL: Final = SpanKind.INTERNAL
_tracers: Final[list[Tracer]] = []


def use(provider: TracerProvider | None) -> None:
    """Hand spans to a provider from now on, or to nobody."""
    _tracers[:] = [provider.get_tracer(NAME)] if provider else []


def live() -> bool:
    """Say whether anybody looks at spans."""
    return bool(_tracers)


@contextmanager
def span(
    name: str,
    carrier: Mapping[str, str] | None = None,
    kind: SpanKind = INTERNAL,
    **attributes: Any,
) -> Iterator[Span]:
    """Be one span; it belongs to the trace that ``carrier`` (W3C headers) names, or to the present.

    What is None is no attribute.
    """
    if not _tracers:
        yield trace.INVALID_SPAN
        return
    within = propagate.extract(carrier) if carrier is not None else None
    known = {f"{NAME}.{key}": str(value) for key, value in attributes.items() if value is not None}
    with _tracers[0].start_as_current_span(name, within, kind, known) as begun:
        yield begun


def failed(begun: Span, why: str) -> None:
    """Mark a span as one in which something went wrong."""
    begun.set_status(StatusCode.ERROR, why)
