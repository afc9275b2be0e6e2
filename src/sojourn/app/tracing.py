"""Sending traces to a collector, where the standard variables of OpenTelemetry name one."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sojourn.control import traces

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@contextmanager
def tracing(environ: Mapping[str, str] | None = None) -> Iterator[bool]:
    """Send traces while the block lasts; yields whether anybody is there to send them to.

    OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS
    and the others are read from the environment by OpenTelemetry itself.
    """
    environ = os.environ if environ is None else environ
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or not any(environ.get(name) for name in ENDPOINTS):
        yield False
        return
    # Imported here: nobody else needs it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if environ.get("OTEL_SERVICE_NAME") else {"service.name": traces.NAME}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    traces.use(provider)
    try:
        yield True
    finally:
        traces.use(None)
        provider.shutdown()
