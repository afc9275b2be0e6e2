"""Paths: the YAML definition of journeys, from file to :class:`sojourn.core.paths.Path`."""

from sojourn.paths.loader import builtin, find, load, load_file
from sojourn.paths.problems import PathError, Problem
from sojourn.paths.serial import digest, from_document, signed, to_document

__all__ = [
    "PathError",
    "Problem",
    "builtin",
    "digest",
    "find",
    "from_document",
    "load",
    "load_file",
    "signed",
    "to_document",
]
