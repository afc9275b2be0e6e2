import sys

import pytest

from sojourn.cli.beside import Beside
from sojourn.control.door import RefusedError

STANDS = """
import os, sys
print('{"url": "http://x", "link": "http://x/login/link?token=%d"}' % os.getpid(), flush=True)
sys.stdin.read()
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


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
    "program", ["raise SystemExit('no')", "print('what?', flush=True)", "print('{}', flush=True)"]
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
