"""Test data: a labelled collection that is really indexed, made up or real."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sojourn.core.outcomes import Completed
from sojourn.sandbox.datasets import ACTIONS, dataset_id, dropped, provisioned
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.labels import Label, collection, find, label, labels
from sojourn.sandbox.online.connectors import document, upload
from sojourn.sandbox.online.desk import Desk
from sojourn.sandbox.online.directory import DIRECTORY, JUDGES, ensure
from sojourn.sandbox.world import SIZES, World, world_of

DATASETS: Final = "datasets"
"""Under this name the labels of collections are remembered."""


@dataclass(frozen=True, slots=True)
class Made:
    """A collection as it is indexed: documents as the service takes them, and labels."""

    documents: list[dict[str, Any]]
    labels: Sequence[Label]


async def provision(desk: Desk) -> Completed:
    """Make the collection of a scenario and index it; ``action: remove`` drops it again.

    A scenario that is the name of a real collection is that collection.
    """
    scenario = desk.inputs.text("scenario")
    size = desk.inputs.choice("size", [*SIZES], "medium")
    name = identity(desk)
    if desk.inputs.choice("action", ACTIONS, "provision") == "remove":
        await _drop(desk, name)
        return dropped(name, scenario, size)
    made = _made(desk, name)
    await ensure(desk.backend, world_of(desk.call, desk.inputs))
    await desk.backend.index(
        "adddatasource",
        name=name,
        identityDatasourceName=DIRECTORY,
        productAccessGroup=JUDGES,
        isTestDatasource=True,
    )
    await desk.progress(0.2, f"{len(made.documents)} documents are made")
    await upload(desk.backend, name, made.documents)
    await desk.crawled(name)
    values = {"scenario": scenario, "labels": [one.record() for one in made.labels]}
    await desk.backend.remember(DATASETS, name, values)
    return provisioned(name, scenario, size, len(made.documents), len(made.labels))


async def provisioned_labels(desk: Desk) -> tuple[str, list[Label]]:
    """Return the collection that a call is about, and its labels; raises BadInput for none."""
    name = identity(desk)
    known = (await desk.backend.records(DATASETS)).get(name)
    if known is None:
        raise BadInput(f"scenario: its collection {name} is not provisioned; provision it first")
    return name, [label(record) for record in known["labels"]]


def identity(desk: Desk) -> str:
    """Return the id of the collection that a call is about."""
    real = _real(desk)
    return f"dataset-{real.name}" if real else dataset_id(world_of(desk.call, desk.inputs))


def _made(desk: Desk, name: str) -> Made:
    real = _real(desk)
    if real is None:
        return _of_world(world_of(desk.call, desk.inputs), name)
    found = collection(real)
    texts = found.documents.items()
    return Made([document(name, "text", key, text, None) for key, text in texts], found.labels)


def _of_world(world: World, name: str) -> Made:
    every = [
        document(name, d.source, d.document_id, " ".join(d.words), d.department)
        for d in world.documents
    ]
    return Made(every, labels(world))


def _real(desk: Desk) -> Path | None:
    named = desk.inputs.text("scenario") if desk.inputs.has("scenario") else ""
    return find(desk.limits.collections, named)


async def _drop(desk: Desk, name: str) -> None:
    if name in await desk.backend.sources():
        await upload(desk.backend, name, [])
    await desk.backend.forget(DATASETS, name)
