"""The repository checks its own words: everything that people use is documented."""

import subprocess
import sys
from pathlib import Path

from sojourn.settings import Settings, variable
from sojourn.store.postgres import Database

DOCS = Path(__file__).parent.parent / "docs"
RELATIONS = """SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'public' ORDER BY table_name"""


def page(name: str) -> str:
    return (DOCS / "reference" / name).read_text()


def test_generated_pages_are_fresh() -> None:
    command = [sys.executable, str(DOCS / "generate.py"), "--check"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"run make docs: {told.stdout}{told.stderr}"


def test_every_setting_is_documented() -> None:
    missing = [n for n in Settings.model_fields if variable(n) not in page("settings.md")]
    assert missing == []


async def test_every_table_is_documented(db: Database) -> None:
    async with db.connection() as connection:
        rows = await (await connection.execute(RELATIONS)).fetchall()
    tables = [row[0] for row in rows]
    assert len(tables) > 10
    assert [t for t in tables if f"`{t}`" not in page("database.md")] == []


def test_every_decision_is_numbered_and_titled() -> None:
    files = sorted((DOCS / "decisions").glob("*.md"))
    for number, file in enumerate(files, 1):
        assert file.name.startswith(f"{number:04}-")
        assert file.read_text().startswith(f"# {number}. ")
