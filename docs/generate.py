"""Write the generated pages of docs/reference; ``--check`` only tells which are out of date."""

import sys
from collections.abc import Callable
from pathlib import Path

from pydantic.fields import FieldInfo

from sojourn.cli.reference import page as commands
from sojourn.paths import builtin, load_file
from sojourn.paths.diagram import diagram
from sojourn.paths.reference import reference
from sojourn.settings import Settings, variable

REFERENCE = Path(__file__).parent / "reference"
MARK = "<!-- Written by docs/generate.py; change the source and run `make docs`. -->"


def settings() -> str:
    """Return the page of the environment variables."""
    rows = [_setting(name, field) for name, field in Settings.model_fields.items()]
    head = ["| variable | meaning | allowed | default |", "|---|---|---|---|"]
    intro = "All settings are environment variables. An empty one counts as not set."
    return "\n".join([f"# Settings\n\n{MARK}\n\n{intro}\n", *head, *rows]) + "\n"


def _setting(name: str, field: FieldInfo) -> str:
    default = "" if field.is_required() or field.default is None else f"`{field.default}`"
    return f"| `{variable(name)}` | {field.description} | {_allowed(name)} | {default} |"


def _allowed(name: str) -> str:
    schema = Settings.model_json_schema()["properties"][name]
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    if low is None:
        return ""
    return f"{'above ' if 'exclusiveMinimum' in schema else ''}{low:g} to {schema['maximum']:g}"


def states() -> str:
    """Return the page of state diagrams, one per built-in path, from the transition table."""
    intro = "What can follow what. The same table is checked by core and by the database."
    parts = [
        f"## {name}\n\n```mermaid\n{diagram(load_file(file)).rstrip()}\n```\n"
        for name, file in sorted(builtin().items())
    ]
    return "\n".join([f"# States\n\n{MARK}\n\n{intro}\n", *parts])


def path() -> str:
    """Return the page of the path format, from its schema."""
    title, _, rest = reference().partition("\n")
    return f"{title}\n\n{MARK}\n{rest}"


def cli() -> str:
    """Return the page of the commands."""
    return commands(MARK)


# Each page and what writes it; a new generated page is one more line here.
PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings,
    "states.md": states,
    "path.md": path,
    "cli.md": cli,
}


def stale() -> list[Path]:
    """Return the pages whose file differs from what would be written."""
    pages = {REFERENCE / name: page for name, page in PAGES.items()}
    return [file for file, page in pages.items() if not file.exists() or file.read_text() != page()]


def main() -> int:
    """Write what is stale, or with ``--check`` only name it; return the exit status."""
    files = stale()
    for file in files:
        print(f"{'stale' if '--check' in sys.argv else 'written'}: {file.name}")
        if "--check" not in sys.argv:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(PAGES[file.name]())
    return 1 if files and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
