"""Search quality: labelled queries are really run, and what comes back is judged."""

from functools import partial

from sojourn.core.outcomes import Completed
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.installed import Served
from sojourn.sandbox.labels import Label
from sojourn.sandbox.online.crowd import at_once
from sojourn.sandbox.online.datasets import provisioned_labels
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.online.directory import judge
from sojourn.sandbox.quality import judged


async def measure(desk: Desk) -> Completed:
    """Run the labelled queries, each as the judge of its asker's department."""
    name, every = await provisioned_labels(desk)
    if not every:
        raise BadInput(f"the collection {name} has no labelled queries")
    found = await at_once(
        desk.limits.at_once, [partial(_ask, desk, name, label) for label in every]
    )
    return judged([served for served, _ in found], [took for _, took in found], desk.inputs)


async def _ask(desk: Desk, name: str, label: Label) -> tuple[Served, float]:
    who = judge(desk.call.client_id, label.department)
    hits = await desk.backend.search(label.text, who, [name])
    right = tuple(document in label.relevant for document in hits.ids)
    return Served(right, len(label.relevant), 0), hits.backend_ms
