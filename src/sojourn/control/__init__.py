"""The one door for a change of state: load, decide, write, in one transaction."""

from sojourn.control.change import change, preview
from sojourn.control.door import Door, NotFoundError, RefusedError
from sojourn.control.record import Line, record_lines
from sojourn.control.start import start
from sojourn.control.tick import tick

__all__ = [
    "Door",
    "Line",
    "NotFoundError",
    "RefusedError",
    "change",
    "preview",
    "record_lines",
    "start",
    "tick",
]
