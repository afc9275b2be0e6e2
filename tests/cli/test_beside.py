import asyncio
import contextlib
import os
import sys
from pathlib import Path

import pytest

from sojourn.cli.beside import Beside
from sojourn.control.door import RefusedError

STANDS = """
import os, sys
print('{"url": "http://x", "link": "http://x/login/link?token=%d"}' % os.getpid(), flush=True)
sys.stdin.read()
"""


SHY = """
import os, pathlib, sys
place = pathlib.Path(sys.argv[1])
if not place.exists():
    place.with_suffix(".new").write_text(str(os.getpid()))
    place.with_suffix(".new").rename(place)
    sys.stdin.read()
"""
"""It says nothing when it is begun for the first time."""
TALKS = """
import os
line = '{"url": "http://x", "link": "http://x/login/link"}'
print(line, "x" * 4_000_000, sep="\\n", flush=True)
open(os.sys.argv[1], "w").write("said")
os.sys.stdin.read()
"""


def written(place: Path) -> str:
    return place.read_text() if place.exists() else ""


async def there(place: Path) -> str:
    async with asyncio.timeout(30):
        while not written(place):
            await asyncio.sleep(0.01)
    return written(place)


def python(program: str, *words: object) -> list[str]:
    return [sys.executable, "-c", program, *map(str, words)]


async def test_it_is_begun_once_and_ends_with_its_input() -> None:
    beside = Beside(python(STANDS))
    link = await beside()
    assert link.startswith("http://x/login/link?token=")
    assert await beside() == "http://x"
    await beside.aclose()
    again = await beside()
    assert again not in (link, "http://x")
    await beside.aclose()


async def test_what_was_never_begun_is_ended_without_ado() -> None:
    await Beside(["/nowhere"]).aclose()


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit('no')",
        "print('what?', flush=True)",
        "print('{}', flush=True)",
        "print('[1]', flush=True)",
        "print('x' * 4_000_000, flush=True)",
    ],
)
async def test_one_that_does_not_begin_says_how_to_find_out_why(program: str) -> None:
    beside = Beside(python(program))
    with pytest.raises(RefusedError, match="does not begin"):
        await beside()
    await beside.aclose()


async def test_one_that_never_speaks_is_not_waited_for() -> None:
    beside = Beside(python("import sys; sys.stdin.read()"), patience=0.3)
    with pytest.raises(RefusedError, match="does not begin"):
        await beside()


async def test_one_that_nobody_waits_for_any_more_is_ended_and_begun_anew(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    beside = Beside(python(SHY + STANDS, place))
    asked = asyncio.create_task(beside())
    pid = int(await there(place))
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    async with contextlib.aclosing(beside):
        assert (await beside()).startswith("http://x/login/link?token=")


async def test_one_that_is_just_beginning_is_ended_too(tmp_path: Path) -> None:
    beside = Beside(python(SHY, tmp_path / "pid"))
    asked = asyncio.create_task(beside())
    await there(tmp_path / "pid")
    await beside.aclose()
    with pytest.raises(RefusedError, match="does not begin"):
        await asked


async def test_whatever_it_says_later_does_not_hold_it_up(tmp_path: Path) -> None:
    async with contextlib.aclosing(Beside(python(TALKS, tmp_path / "said"))) as beside:
        await beside()
        assert await there(tmp_path / "said") == "said"
