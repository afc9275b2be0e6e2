"""Wiring: settings in, an open application out; what it serves over HTTP is in ``serving``."""

from sojourn.app.opening import App, let_call_back, open_agents, open_app, pace

__all__ = ["App", "let_call_back", "open_agents", "open_app", "pace"]
