"""What an agent is asked, read with its types checked; a fault names the field and the fix."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import wraps
from typing import Any

from sojourn.core.outcomes import Call, Completed, Failed, Measured, Outcome


class BadInput(ValueError):
    """An input that the agent cannot work with; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input of one call. Absent and null fields take the default."""

    data: Mapping[str, Any]

    def text(self, field: str, default: str | None = None) -> str:
        """Return a non-empty string; without a default the field is required."""
        value = self._value(field, default)
        if not isinstance(value, str) or not value.strip():
            raise wrong(field, value, "a non-empty string")
        return value.strip()

    def number(self, field: str, default: float | None, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``, both included; no default: required."""
        value = self._value(field, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(field, value, "a number")
        if not low <= value <= high:
            raise wrong(field, value, f"between {low:g} and {high:g}")
        return float(value)

    def whole(self, field: str, default: int, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        value = self.number(field, default, low, high)
        if value != int(value):
            raise wrong(field, value, "a whole number")
        return int(value)

    def choice(self, field: str, allowed: Sequence[str], default: str | None = None) -> str:
        """Return one of the allowed words."""
        value = self.text(field, default)
        if value not in allowed:
            close = get_close_matches(value, allowed, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise BadInput(str(wrong(field, value, f"one of {', '.join(allowed)}")) + hint)
        return value

    def names(self, field: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a list of distinct non-empty strings, or a single one as a list."""
        value = self._value(field, list(default))
        every = [value] if isinstance(value, str) else value
        if not isinstance(every, list | tuple) or not every:
            raise wrong(field, value, "a list of names that is not empty")
        for name in every:
            if not isinstance(name, str) or not name.strip():
                raise wrong(field, name, "names, each a non-empty string")
        return tuple(dict.fromkeys(name.strip() for name in every))

    def has(self, field: str) -> bool:
        """Say whether the field is there and not null."""
        return self.data.get(field) is not None

    def _value(self, field: str, default: Any) -> Any:
        value = self.data.get(field)
        if value is None and default is None:
            raise BadInput(f"{field}: this field is required")
        return default if value is None else value


def wrong(field: str, value: object, wanted: str) -> BadInput:
    """Return the fault of a field that holds the wrong thing."""
    return BadInput(f"{field}: must be {wanted}, not {value!r:.60}")


Work = Callable[[Call, Inputs], Completed]


def agent(work: Work) -> Callable[[Call], Awaitable[Outcome]]:
    """Make an agent of a function: what it cannot work with becomes a failure that is final."""

    @wraps(work)
    async def answer(call: Call) -> Outcome:
        try:
            return work(call, Inputs(call.input_data))
        except BadInput as error:
            return Failed(str(error), retryable=False)

    return answer


def done(output: Mapping[str, Any], *measured: Measured) -> Completed:
    """Return the answer of an agent that did its work."""
    return Completed(output, measured)
