"""The HTTP API: everything that the command line can do, for programs and for the dashboard."""

from sojourn.api.app import create_app
from sojourn.api.context import Options

__all__ = ["Options", "create_app"]
