from pathlib import Path

import pytest

from sojourn.sandbox.inputs import BadInput
from sojourn.sandbox.labels import Label, collection, find, label, labels
from sojourn.sandbox.world import build


def test_labels_say_which_documents_their_asker_should_find() -> None:
    world = build("medtronic", "healthcare_demo", "small", ("jira", "slack"))
    made = labels(world)
    assert len(made) == len(world.queries)
    restricted = {d.document_id: d.department for d in world.documents if d.department}
    for one in made:
        assert one.relevant
        assert {restricted[d] for d in one.relevant & set(restricted)} <= {one.department}


def test_a_label_survives_being_written_down() -> None:
    one = Label("pump recall", "sales", frozenset({"b", "a"}))
    assert one.record()["relevant"] == ["a", "b"]
    assert label(one.record()) == one


def test_collections_are_found_by_name_only(tmp_path: Path) -> None:
    (tmp_path / "med").mkdir()
    assert find(tmp_path, "med") == tmp_path / "med"
    for name in ("other", "..", "../etc", "", "med/.."):
        assert find(tmp_path, name) is None
    assert find(None, "med") is None


def test_a_collection_in_the_smart_format_is_read(tmp_path: Path) -> None:
    (tmp_path / "X.ALL").write_text(".I 1\n.W\none pump\nmore\n.I 2\n.W\ntwo\n")
    (tmp_path / "X.QRY").write_text(".I 1\n.W\n pumps\n")
    (tmp_path / "X.REL").write_text("1 0 1 1\n1 0 2 0\n")
    found = collection(tmp_path)
    assert found.documents == {"1": "one pump\nmore", "2": "two"}
    assert found.labels == [Label("pumps", "sales", frozenset({"1"}))]


def test_a_collection_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file ending in"):
        collection(tmp_path)
