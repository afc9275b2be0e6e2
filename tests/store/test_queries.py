from pathlib import Path

import pytest

from sojourn.store import queries
from sojourn.store.queries import QueryError, load

GOOD = """\
-- Statements about tasks.

-- name: claim_tasks
-- Leases due tasks to a worker,
-- oldest first.
UPDATE tasks
-- a comment inside
SET owner = %(owner)s;

-- name: count_tasks
-- Counts the tasks.
SELECT count(*) FROM tasks
"""


def write(folder: Path, text: str) -> None:
    (folder / "tasks.sql").write_text(text)


def test_a_block_has_a_name_a_sentence_and_a_statement(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    statements = load("tasks", tmp_path)
    assert list(statements) == ["claim_tasks", "count_tasks"]
    claim = statements["claim_tasks"]
    assert claim.sentence == "Leases due tasks to a worker, oldest first."
    assert claim.sql == "UPDATE tasks\n-- a comment inside\nSET owner = %(owner)s"
    assert str(claim) == claim.sql


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "-- name: claim_tasks\n-- Again.\nSELECT 1", "`claim_tasks` is there twice"),
        ("-- name:\n-- Does.\nSELECT 1", "`` is no name"),
        ("-- name: Claim Tasks\n-- Does.\nSELECT 1", "`Claim Tasks` is no name"),
        ("-- name: claim\nSELECT 1", "`claim` needs a comment"),
        ("-- name: claim\n--\nSELECT 1", "`claim` needs a comment"),
        ("-- name: claim\n-- Claims.\n", "`claim` has no statement"),
        ("-- name: claim\n-- Claims.\n;", "`claim` has no statement"),
        ("SELECT 1;\n-- name: claim\n-- Claims.\nSELECT 1", "before the first"),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(QueryError, match=message) as caught:
        load("tasks", tmp_path)
    assert "tasks.sql" in str(caught.value)


def test_every_file_of_the_store_loads() -> None:
    files = list(Path(queries.__file__).parent.glob("*.sql"))
    assert files
    for file in files:
        assert load(file.stem)
