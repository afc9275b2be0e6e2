"""The present trace, told to a transaction: what it writes for others to do belongs to it."""

from opentelemetry import trace

from sojourn.store import queries
from sojourn.store.sets import Connection, execute

_QUERIES = queries.load("traces")


def traceparent() -> str | None:
    """Return the present span as W3C's header, None where nobody traces."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


async def stamp(connection: Connection) -> None:
    """Let tasks that this transaction makes belong to the present trace."""
    if present := traceparent():
        await execute(connection, _QUERIES["stamp"], traceparent=present)
