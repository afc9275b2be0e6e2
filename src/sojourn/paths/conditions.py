"""The condition of a criterion as people write it: ``is: ">= 0.85"``, ``is: true``, ``is: eu``."""

import math
import re
from typing import Final, NamedTuple

from sojourn.core.criteria import Operator

ALLOWED: Final = (
    'write a comparison in quotes, such as ">= 0.85", "== 0" or "> +20%", a plain value, or exists'
)
Scalar = bool | int | float | str

_COMPARISON: Final = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\S.*?)\s*")
_NUMBER: Final = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)((?:[eE][+-]?[0-9]+)?)(\s*%)?")
_SLIPS: Final = {"=": "==", "=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "≠": "!=", "<>": "!="}
_SIGNS: Final = "<>=!≥≤≠"
_NOT_NUMBERS: Final = ("nan", ".nan", "inf", ".inf", "infinity")


class Condition(NamedTuple):
    """Operator and threshold; ``change`` says that it was written as a change: ``+20%``."""

    operator: Operator
    threshold: Scalar
    change: bool = False


def parse(value: object) -> Condition:
    """Return what an ``is:`` says; ValueError says what is wrong and what is allowed.

    A plain value means equality. Percentages become shares: ``20%`` is 0.2.
    """
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return Condition(Operator.EQ, value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(ALLOWED)
    if value.strip() == Operator.EXISTS:
        return Condition(Operator.EXISTS, True)
    written = _COMPARISON.fullmatch(value)
    if written:
        return _compared(Operator(written[1]), written[2])
    _refuse_slips(value.strip())
    return _compared(Operator.EQ, value.strip())


def _compared(operator: Operator, text: str) -> Condition:
    if text.lstrip("+-").lower() in _NOT_NUMBERS:
        raise ValueError(f"{text} is not a threshold: nothing can be compared with it")
    number = _NUMBER.fullmatch(text)
    if number:
        return _numeric(operator, number)
    if operator not in (Operator.EQ, Operator.NE):
        raise ValueError(f"{operator} needs a number, not {text!r}; {ALLOWED}")
    return Condition(operator, _plain(text))


def _numeric(operator: Operator, number: re.Match[str]) -> Condition:
    sign, digits, exponent, percent = number.groups()
    whole = digits.isdigit() and not exponent and len(digits) < 16
    value: int | float = int(sign + digits) if whole else float(sign + digits + exponent)
    if not math.isfinite(value):
        raise ValueError(f"{number[0]} is too large to be a threshold")
    return Condition(operator, value / 100 if percent else value, bool(sign and percent))


def _plain(text: str) -> Scalar:
    if text in ("true", "false"):
        return text == "true"
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def _refuse_slips(text: str) -> None:
    for slip, meant in _SLIPS.items():
        if re.match(rf"{re.escape(slip)}\s*[0-9.+-]", text):
            rest = text[len(slip) :].strip()
            raise ValueError(f'{text!r} is not a comparison; did you mean "{meant} {rest}"?')
    if text[0] in _SIGNS:
        raise ValueError(f"{text!r} is not a comparison; {ALLOWED}")
