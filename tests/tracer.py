"""A tracer that keeps its spans for a test to look at."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sojourn.control import traces


@contextmanager
def traced() -> Iterator[InMemorySpanExporter]:
    """Trace while the block lasts; yields where the spans are."""
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traces.use(provider)
    try:
        yield kept
    finally:
        traces.use(None)
        provider.shutdown()
