"""The drawing of the house, checked: where things are, what they may know, how long they get."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "sojourn"
MODULES = sorted(SOURCE.rglob("*.py"))
FILES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "docs").glob("*.py"))]

LONGEST_FILE = 500
LONGEST_FUNCTION = 50
VAGUE = {"utils", "util", "common", "models", "services", "ports", "helpers", "misc", "base"}

# Modules that are tested elsewhere, and why.
TESTED_ELSEWHERE = {
    "store/errors.py": "two exceptions without behaviour, raised in every test of the store",
}

# Core is given the time and everything else as values.
IMPURE_MODULES = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess",
    "tempfile", "threading", "time", "urllib",
}  # fmt: skip
IMPURE_CALLS = {"input", "now", "open", "print", "today", "utcnow", "uuid1", "uuid4"}

SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b"
    r"|\b(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|VIEW|TYPE|FUNCTION|TRIGGER)\b",
    re.DOTALL,
)
DRIVER_CALLS = {"execute", "executemany", "fetchone", "fetchall", "fetchmany"}


def here(path: Path) -> str:
    return path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it it does so."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{here(path)}: imports are absolute"
            yield node.module or ""


def called(path: Path) -> Iterator[str]:
    """Yield the names of the functions and methods that a file calls."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id


def docstrings(path: Path) -> set[int]:
    """Return the numbers of the lines that docstrings take."""
    lines: set[int] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def code_lines(path: Path) -> int:
    """Count the lines that hold code: no blank lines, comments or docstrings."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    skipped |= {tokenize.ENCODING, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type not in skipped:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings(path))


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every string of a file that is no docstring."""
    told = docstrings(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and node.lineno not in told:
            yield from ((node.lineno, text) for text in [node.value] if isinstance(text, str))


def test_imports_go_down_the_line() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted((SOURCE / "core").rglob("*.py")), ids=here)
def test_core_is_pure_and_uses_the_standard_library_only(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    assert roots - set(sys.stdlib_module_names) <= {"sojourn"}
    assert not roots & IMPURE_MODULES
    assert not set(called(path)) & IMPURE_CALLS


def test_the_sandbox_knows_nothing_of_the_engine() -> None:
    known = {
        name
        for path in (SOURCE / "sandbox").rglob("*.py")
        for name in imported(path)
        if name.startswith("sojourn.")
    }
    assert {name.split(".")[1] for name in known} <= {"sandbox", "core"}


def test_no_file_is_long() -> None:
    long = {here(path): count for path in FILES if (count := code_lines(path)) > LONGEST_FILE}
    assert long == {}


def test_no_function_is_long() -> None:
    functions = (
        (f"{here(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert {name: length for name, length in functions if length > LONGEST_FUNCTION} == {}


def test_every_module_has_a_test_of_its_name() -> None:
    missing = [
        here(path)
        for path in MODULES
        if here(path) not in TESTED_ELSEWHERE
        and (path.name != "__init__.py" or has_behaviour(path))
        and not twin(path).exists()
    ]
    assert missing == []


def has_behaviour(path: Path) -> bool:
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(isinstance(node, definitions) for node in ast.walk(tree(path)))


def twin(path: Path) -> Path:
    """Return where the test of a module belongs."""
    relative = path.relative_to(SOURCE)
    if path.name == "__init__.py":
        relative = relative.parent.with_suffix(".py")
    return ROOT / "tests" / relative.with_name(f"test_{relative.name}")


def test_the_exceptions_are_needed() -> None:
    for name in TESTED_ELSEWHERE:
        path = SOURCE / name
        assert path.exists(), name
        assert not twin(path).exists(), name


def test_only_the_store_speaks_to_postgresql() -> None:
    outside = [path for path in MODULES if not path.is_relative_to(SOURCE / "store")]
    assert [here(path) for path in outside if set(called(path)) & DRIVER_CALLS] == []


def test_sql_lives_in_sql_files() -> None:
    found = [
        f"{here(path)}:{line}"
        for path in MODULES
        for line, text in strings(path)
        if SQL.search(text)
    ]
    assert found == []


def test_no_name_is_vague() -> None:
    names = {part for path in FILES for part in Path(here(path)).with_suffix("").parts}
    assert names & VAGUE == set()


def test_the_rules_notice_what_they_forbid(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        '"""SELECT a FROM b in words."""\n'
        "import time  # late\n\n"
        "def f(c):\n"
        "    from os import path\n"
        "    c.execute('SELECT a\\nFROM b')\n"
        "    return open(f'DELETE FROM {path}')\n"
    )
    assert set(imported(file)) == {"time", "os"}
    assert set(called(file)) == {"execute", "open"}
    assert [line for line, text in strings(file) if SQL.search(text)] == [6, 7]
    assert code_lines(file) == 5
    assert has_behaviour(file)
