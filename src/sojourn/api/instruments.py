"""What the API counts of itself, and the figures of the installation, for Prometheus."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

GAUGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "tasks": ("sojourn_tasks", "status", "Tasks by state."),
    "queue": ("sojourn_queue_depth", "kind", "Tasks that wait for a worker: ready, timed, held."),
    "queue_age": ("sojourn_queue_age_seconds", "", "Age of the oldest ready task."),
    "running": ("sojourn_tasks_claimed", "", "Tasks in the hands of workers."),
    "questions": ("sojourn_questions", "", "Tasks that wait for a person's answer."),
    "journeys": ("sojourn_journeys", "stage", "Journeys by stage."),
    "ball": ("sojourn_journeys_ball", "with", "Active journeys by who has to act."),
    "schedule": ("sojourn_journeys_schedule", "schedule", "Active journeys against their plan."),
    "held": ("sojourn_journeys_held", "", "Journeys on hold."),
    "journeys_due": ("sojourn_journeys_due", "", "Journeys whose time to be looked at has come."),
    "lag": ("sojourn_journeys_lag_seconds", "", "How long the most overdue journey waits."),
    "wakeups": ("sojourn_wakeups", "", "Requests to look at a journey that wait."),
    "alerts": ("sojourn_alerts_open", "severity", "Open alerts."),
    "workers": ("sojourn_workers", "", "Worker processes with a live lease."),
    "deliveries": ("sojourn_deliveries", "status", "Deliveries to webhooks."),
    "events": ("sojourn_events_allotted", "", "Newest number given to an event."),
}
"""Each line of the store's gauges: the metric's name, its label, and what it says."""
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Instruments:
    """The counters of one API."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._others: list[CollectorRegistry] = []
        self._requests = Counter(
            "sojourn_http_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "sojourn_http_request_seconds",
            "Time to answer a request.",
            ("route",),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self.streams = Gauge(
            "sojourn_stream_readers", "Readers of the event stream.", registry=self.registry
        )

    def served(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; a stream, which lasts as long as its reader likes, is not timed."""
        known = method if method in ("GET", "POST", "DELETE", "HEAD", "PUT") else "other"
        self._requests.labels(known, route, str(status)).inc()
        if not route.endswith("/stream"):
            self._seconds.labels(route).observe(seconds)

    def also(self, other: CollectorRegistry) -> None:
        """Tell from now on of something else too that runs in this process, as its engine."""
        self._others.append(other)

    def text(self, rows: Iterable[Mapping[str, Any]]) -> bytes:
        """Return everything in Prometheus' text format, with the store's gauges."""
        registries = (self.registry, *self._others, gauges(rows))
        return b"".join(map(generate_latest, registries))


def gauges(rows: Iterable[Mapping[str, Any]]) -> CollectorRegistry:
    """Return lines of name, label and value as gauges; what is not there is 0."""
    registry = CollectorRegistry()
    made: dict[str, Gauge] = {}
    for key, (name, label, told) in GAUGES.items():
        made[key] = Gauge(name, told, (label,) if label else (), registry=registry)
    for row in rows:
        gauge = made[row["name"]]
        (gauge.labels(row["label"]) if row["label"] else gauge).set(row["value"])
    return registry
