"""The agents as a process: ``python -m sojourn.sandbox.a2a_server``."""

from sojourn.sandbox.a2a_server.application import from_config
from sojourn.sandbox.serving import run

if __name__ == "__main__":
    run(from_config)
