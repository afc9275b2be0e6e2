"""Chance that repeats: the same names give the same numbers on every machine and every day."""

from hashlib import blake2b
from random import Random


def seed(*names: object) -> int:
    """Return a 64-bit number that is a function of the names alone."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def rng(*names: object) -> Random:
    """Return a generator of pseudo-random numbers seeded by the names."""
    return Random(seed(*names))  # noqa: S311 -- a simulation, not a secret


def share(*names: object) -> float:
    """Return a number in [0, 1) that is a function of the names alone."""
    return seed(*names) / 2**64
