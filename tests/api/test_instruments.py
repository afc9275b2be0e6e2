from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from sojourn.api.instruments import GAUGES, Instruments


def test_what_is_told_is_what_prometheus_reads() -> None:
    instruments = Instruments()
    instruments.served("GET", "/api/v1/journeys", 200, 0.02)
    instruments.served("BREW", "/x", 405, 0.02)
    instruments.served("GET", "/api/v1/events/stream", 200, 3600)
    rows = [
        {"name": "tasks", "label": "running", "value": 3.0},
        {"name": "wakeups", "label": "", "value": 2.0},
    ]
    text = instruments.text(rows).decode()
    found = {f.name: f for f in text_string_to_metric_families(text)}
    assert {name for name, _, _ in GAUGES.values()} <= found.keys()
    assert [(s.labels, s.value) for s in found["sojourn_tasks"].samples] == [
        ({"status": "running"}, 3.0)
    ]
    assert found["sojourn_wakeups"].samples[0].value == 2
    methods = {s.labels["method"] for s in found["sojourn_http_requests"].samples}
    assert methods == {"GET", "other"}
    timed = {s.labels["route"] for s in found["sojourn_http_request_seconds"].samples}
    assert timed == {"/api/v1/journeys", "/x"}


def test_what_runs_beside_the_api_is_told_with_it() -> None:
    instruments, other = Instruments(), CollectorRegistry()
    Counter("sojourn_engine_claims", "Tasks taken.", registry=other).inc(7)
    instruments.also(other)
    assert b"sojourn_engine_claims_total 7.0" in instruments.text([])
