"""The FastAPI application."""

from fastapi import FastAPI

from sojourn.api import health


def create(version: str, probe: health.Probe) -> FastAPI:
    """Return the application; ``probe`` says how the process is."""
    app = FastAPI(title="Sojourn", version=version)
    app.include_router(health.routes(probe))
    return app
