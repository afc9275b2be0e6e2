"""The search service as a process: ``python -m sojourn.sandbox.search_service``."""

from sojourn.sandbox.search_service.application import from_config
from sojourn.sandbox.serving import run

if __name__ == "__main__":
    run(from_config)
