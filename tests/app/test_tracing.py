"""Traces across everything: from a request to the agent, and to a collector that is really there."""

import asyncio
import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pytest_httpserver import HTTPServer

from sojourn.agents.directory import Directory
from sojourn.app.tracing import tracing
from sojourn.control import start, tick, traces
from sojourn.engine.lease import Lease
from sojourn.engine.worker import Worker
from sojourn.paths import load
from sojourn.store.postgres import Database
from tests.doors import still_door
from tests.tracer import traced

PATH = load(
    """
name: p
stages:
  - name: sandbox
    exit: { criteria: [{ work: required }] }
    work: [{ name: w, tasks: [{ name: a, agent: far }] }]
"""
)


def test_without_an_endpoint_nothing_is_traced() -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_SDK_DISABLED": "true"}
    for environ in ({}, endpoint):
        with tracing(environ) as sent:
            assert not sent
            assert not traces.live()


def test_spans_arrive_at_a_collector(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/v1/traces", method="POST").respond_with_data(b"")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    with tracing() as sent:
        assert sent
        with traces.span("work", journey="acme"):
            pass
    assert not traces.live()
    [(request, _)] = httpserver.log
    body = request.get_data()
    packed = request.headers.get("content-encoding") == "gzip"
    told = ExportTraceServiceRequest.FromString(gzip.decompress(body) if packed else body)
    [resource] = told.resource_spans
    known = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert (known["service.name"], known["deployment.environment"]) == ("sojourn", "test")
    assert [s.name for scope in resource.scope_spans for s in scope.spans] == ["work"]


async def test_a_command_s_trace_goes_on_to_the_agent(
    db: Database, httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/run", method="POST").respond_with_json({"output": {"done": True}})
    entry = {"protocol": "http", "url": httpserver.url_for("/run"), "allow_private": True}
    file = tmp_path / "agents.yaml"
    file.write_text(json.dumps({"agents": {"far": entry}}))
    agents = Directory.load([file], built_in=False)
    door = still_door(db)
    lease = Lease(door, timedelta(minutes=1), lambda: worker.lost())
    worker = Worker(door, agents, lease, 1.0, 10, 10)
    with traced() as kept:
        await start(door, PATH, "acme", "ann")
        while await tick(door):
            pass
        await lease.once()
        async with asyncio.timeout(20):
            while not httpserver.log or len(worker._running):
                await worker.once()
                await asyncio.sleep(0.01)
    await worker.close()
    await agents.aclose()
    [attempt] = [s for s in kept.get_finished_spans() if s.name == "task far"]
    assert attempt.parent is not None
    maker = next(
        s for s in kept.get_finished_spans() if s.context.span_id == attempt.parent.span_id
    )
    assert maker.name in ("command Start", "tick")
    [(request, _)] = httpserver.log
    context = attempt.context
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-"
    assert request.headers["traceparent"].startswith(expected)
    assert dict(attempt.attributes or {})["sojourn.agent"] == "far"
