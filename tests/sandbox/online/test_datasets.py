from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sojourn.sandbox.datasets import provision as computed
from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.online.datasets import provision, provisioned_labels
from sojourn.sandbox.online.desk import Limits, status
from tests.sandbox.online.desks import Site

GIVEN: dict[str, Any] = {"scenario": "general_demo", "size": "small"}


async def test_a_collection_is_indexed_with_its_labels(site: Site) -> None:
    answer = await site.provision()
    assert answer == await computed(site.desk(**GIVEN).call)
    name, labels = await provisioned_labels(site.desk(**GIVEN))
    assert name == answer.output["dataset_id"]
    assert len(labels) == answer.output["queries"] == 48
    assert (await status(site.backend, name)).indexed == answer.output["documents"]


async def test_a_dropped_collection_has_no_labels(site: Site) -> None:
    made = await site.provision()
    gone = await site.provision(action="remove", dataset_id=made.output["dataset_id"])
    assert gone.output["removed"]
    with pytest.raises(BadInput, match="provision it first"):
        await provisioned_labels(site.desk(**GIVEN))
    assert (await status(site.backend, made.output["dataset_id"])).uploaded == 0


async def test_a_scenario_may_name_a_real_collection(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "T.ALL").write_text(".I 1\n.W\npump recall\n.I 2\n.W\nvalve\n")
    (folder / "T.QRY").write_text(".I 1\n.W\npumps\n")
    (folder / "T.REL").write_text("1 0 1 1\n")
    site.limits = replace(Limits(), collections=tmp_path)
    answer = await provision(site.desk(scenario="tiny"))
    assert answer.output["dataset_id"] == "dataset-tiny"
    assert (answer.output["documents"], answer.output["queries"]) == (2, 1)
