"""How often somebody may fail before they have to wait."""

import math
from collections import OrderedDict, deque
from time import monotonic
from typing import Final

MOST: Final = 10_000


class Throttle:
    """Counts failures by name: ``limit`` within ``window`` seconds, then a wait."""

    def __init__(self, limit: int = 10, window: float = 60.0) -> None:
        """Allow ``limit`` failures in ``window`` seconds."""
        self._limit = limit
        self._window = window
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, name: str, now: float | None = None) -> int:
        """Return for how many seconds a name has to wait; 0 if it need not."""
        at = monotonic() if now is None else now
        failed = self._failures.get(name)
        while failed and failed[0] <= at - self._window:
            failed.popleft()
        if not failed or len(failed) < self._limit:
            return 0
        return max(math.ceil(failed[0] + self._window - at), 1)

    def failed(self, name: str, now: float | None = None) -> None:
        """Count a failure."""
        at = monotonic() if now is None else now
        failed = self._failures.setdefault(name, deque(maxlen=self._limit))
        failed.append(at)
        self._failures.move_to_end(name)
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)
