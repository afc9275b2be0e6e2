import pytest

from sojourn.api.rehearsals import MADE, SKILL, is_rehearsal, rehearsed


def test_only_the_kits_messages_are_rehearsals() -> None:
    assert is_rehearsal("tck-complete-task-1a2b")
    assert is_rehearsal("test-resubscribe-message-id-1")
    assert not is_rehearsal("5b0d6b1e-7c1f-5d0a-9f0e-2f6a54a0b6d1")
    assert not is_rehearsal("my-tck-1")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("tck-complete-task", "completed"),
        ("tck-anything-else", "completed"),
        ("tck-input-required", "input_required"),
        ("tck-reject-task", "rejected"),
        ("test-resubscribe-message-id", "working"),
    ],
)
def test_what_comes_of_each_scenario(name: str, state: str) -> None:
    came = rehearsed(f"{name}-1", 1)
    assert (came.state, came.skill) == (state, SKILL)
    assert (came.lasts is not None) == (state == "working")


@pytest.mark.parametrize("prefix", MADE)
def test_each_artifact_is_the_one_its_scenario_names(prefix: str) -> None:
    [made] = rehearsed(f"{prefix}-1", 3).artifacts
    assert made["artifactId"].endswith("-3")
    [part] = made["parts"]
    wanted = {"url": "url", "file": "raw", "data": "data"}
    kind = next((k for word, k in wanted.items() if prefix.endswith(word)), "text")
    assert kind in part
