"""Pages for people: drawn on the server, live by server-sent events, complete without a script."""

from sojourn.dashboard.app import create_dashboard
from sojourn.dashboard.site import Site

__all__ = ["Site", "create_dashboard"]
