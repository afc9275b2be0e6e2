"""Search quality: labelled queries are run, and what comes back is judged."""

from collections.abc import Sequence
from statistics import fmean

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import DEPTH, Installed, Served, installed
from sojourn.sandbox.latency import percentile, request_ms
from sojourn.sandbox.search import ndcg, precision
from sojourn.sandbox.seeds import rng


@agent
def measure(call: Call, inputs: Inputs) -> Completed:
    """Run the labelled queries, each as the person who asks it; report precision@k and nDCG@10.

    ``k`` is 5 unless given. The measurement's sample count is the number of queries.
    """
    service = installed(call, inputs)
    return judged(service.answered(), _latencies(service), inputs)


def judged(served: Sequence[Served], latencies: Sequence[float], inputs: Inputs) -> Completed:
    """Return the answer for what labelled queries were served, and how long each took in ms."""
    threshold = inputs.number("precision_threshold", 0.80, 0.0, 1.0)
    k = inputs.whole("k", 5, 1, DEPTH)
    found = round(fmean(precision(s.hits, k) for s in served), 4)
    output = {
        "precision": found,
        "ndcg": round(fmean(ndcg(s.hits, s.relevant, DEPTH) for s in served), 4),
        "queries": len(served),
        "meets_threshold": found >= threshold,
        "p95_latency_ms": round(percentile(latencies, 0.95), 1),
    }
    return done(output, Measured("search_precision", found, len(served)))


def _latencies(service: Installed) -> list[float]:
    chance = rng(service.world.client_id, "quality", service.now)
    work = [s.work for s in service.answered()]
    return [request_ms(w, service.now, service.scenario, chance.gauss()) for w in work]
