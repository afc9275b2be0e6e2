"""Run benchmarks by name, all of them without one: `python -m benchmarks work --journeys 2000`."""

import sys
from importlib import import_module

NAMES = (
    "api",
    "churn",
    "fairness",
    "flight",
    "latency",
    "measurements",
    "pages",
    "remote",
    "tick",
    "work",
)


def main() -> None:
    """Run the named benchmark with the rest of the arguments, or each with its defaults."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in NAMES:
        import_module(f"benchmarks.{arguments[0]}").main(arguments[1:])
        return
    if arguments:
        sys.exit(f"no benchmark {arguments[0]!r}; there is: {', '.join(NAMES)}")
    for name in NAMES:
        import_module(f"benchmarks.{name}").main([])


if __name__ == "__main__":
    main()
