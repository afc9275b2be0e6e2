"""Everything that core hands out is a value: it cannot be changed once it is made."""

import importlib
import pkgutil
from dataclasses import is_dataclass
from typing import Any

import pytest

import sojourn.core

MODULES = [name for _, name, _ in pkgutil.iter_modules(sojourn.core.__path__, "sojourn.core.")]


def values() -> list[type[Any]]:
    modules = map(importlib.import_module, MODULES)
    found = {v for m in modules for v in vars(m).values() if isinstance(v, type)}
    mine = (v for v in found if is_dataclass(v) and v.__module__.startswith("sojourn.core"))
    return sorted(mine, key=lambda v: v.__qualname__)


@pytest.mark.parametrize("value", values(), ids=lambda v: v.__name__)
def test_a_value_of_core_is_frozen_and_has_no_room_for_more(value: Any) -> None:
    assert value.__dataclass_params__.frozen
    assert "__slots__" in vars(value)
