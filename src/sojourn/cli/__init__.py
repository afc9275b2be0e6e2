"""The command line: thin commands, each a call of control or of the store's read functions."""

from sojourn.cli.main import main

__all__ = ["main"]
