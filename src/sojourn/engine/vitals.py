"""What the engine of one process has done, and whether its loops still turn."""

from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sojourn.engine.loop import Loop

COUNTED: Final = {
    "claims": ("sojourn_engine_claims", "Tasks that this process has taken.", ()),
    "outcomes": ("sojourn_engine_outcomes", "Calls of agents by what came of them.", ("status",)),
    "decisions": ("sojourn_engine_decisions", "Journeys decided on.", ()),
    "sent": ("sojourn_engine_sent", "Messages tried, by kind and outcome.", ("kind", "status")),
}
"""Each counter's name, what it says, and its labels."""


class Vitals(Collector):
    """Counters and loops of one engine, as a registry for Prometheus."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = CollectorRegistry()
        self._counters = {
            key: Counter(name, told, labels, registry=self.registry)
            for key, (name, told, labels) in COUNTED.items()
        }
        self._loops: list[Loop] = []
        self.registry.register(self)

    def watch(self, loops: Iterable[Loop]) -> None:
        """Watch these loops, and no others any more."""
        self._loops = list(loops)

    def count(self, what: str, n: int = 1, *labels: str) -> None:
        """Add to a counter of COUNTED."""
        counter = self._counters[what]
        (counter.labels(*labels) if labels else counter).inc(n)

    def hung(self, now: float | None = None) -> list[str]:
        """Return what is wrong with the loops; nothing where each has done well lately.

        ``now`` is in seconds of the monotonic clock.
        """
        now = monotonic() if now is None else now
        late = [(loop.name, now - loop.good_at) for loop in self._loops if loop.overdue(now)]
        return [f"{name}: no good round for {seconds:.0f} s" for name, seconds in late]

    def collect(self) -> Iterator[Metric]:
        """Yield how the loops are at this moment."""
        name, told = "sojourn_loop_quiet_seconds", "Seconds since a loop's last good round."
        quiet = GaugeMetricFamily(name, told, labels=["loop"])
        rounds = CounterMetricFamily("sojourn_loop_rounds", "Good rounds.", labels=["loop"])
        for loop in self._loops:
            quiet.add_metric([loop.name], max(monotonic() - loop.good_at, 0))
            rounds.add_metric([loop.name], loop.turns)
        yield quiet
        yield rounds
