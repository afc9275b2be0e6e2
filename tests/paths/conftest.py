from collections.abc import Callable
from textwrap import dedent

import pytest

from sojourn.paths import PathError, load

Problems = Callable[[str], list[str]]


@pytest.fixture
def problems() -> Problems:
    """Return what loads a text that must be refused, and returns its problems, one a line."""

    def found(text: str) -> list[str]:
        with pytest.raises(PathError) as caught:
            load(dedent(text), "demo.yaml")
        return str(caught.value).replace("demo.yaml:", "").splitlines()

    return found
