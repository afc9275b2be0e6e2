"""The words that documents are made of: topics of an industry, and a language of syllables."""

from functools import cache
from itertools import product
from typing import Final

from sojourn.sandbox.seeds import rng

TOPICS: Final = {
    "healthcare": (
        "insulin pump recall", "device sterilisation", "clinical trial enrolment", "patient consent",
        "adverse event report", "nurse rota", "catheter supplier audit", "telehealth visit",
        "imaging archive", "hospital procurement", "infection control", "discharge summary",
        "pharmacy stock", "claims coding", "field service visit", "regulatory submission",
        "pacemaker firmware", "quality complaint", "surgeon training", "cold chain logistics",
        "lab result interface", "privacy impact", "warranty return", "sales territory plan",
    ),
    "financial": (
        "credit risk model", "know your customer", "mortgage pricing", "fraud alert triage",
        "branch staffing", "liquidity report", "card dispute", "wire transfer limit",
        "audit finding", "trade settlement", "capital plan", "insider list",
        "collections letter", "data retention", "loan covenant", "treasury forecast",
        "client onboarding file", "market abuse review", "payment outage", "vendor due diligence",
        "interest rate change", "pension transfer", "complaint handling", "regulator letter",
    ),
    "general": (
        "travel policy", "quarterly roadmap", "incident review", "hiring plan",
        "expense claim", "release checklist", "customer escalation", "design guideline",
        "sales forecast", "security training", "office move", "vendor contract",
        "api migration", "brand refresh", "parental leave", "laptop order",
        "support rota", "pricing proposal", "data warehouse", "team offsite",
        "license renewal", "partner programme", "annual review", "backup restore",
    ),
}  # fmt: skip
"""Twenty-four topics for each industry; a scenario's name says which industry it is."""

ONSETS: Final = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "br")
VOWELS: Final = ("a", "e", "i", "o", "u")
ENDS: Final = ("n", "r", "l", "s", "x", "m")


def topics(scenario: str) -> tuple[str, ...]:
    """Return the topics of the scenario's industry."""
    found = [name for name in TOPICS if name in scenario.lower()]
    return TOPICS[found[0] if found else "general"]


@cache
def language() -> tuple[str, ...]:
    """Return the 2,400 made-up words of the language, always in the same order."""
    syllables = ["".join(s) for s in product(ONSETS, VOWELS)]
    words = [a + b + end for a, b, end in product(syllables, syllables, ENDS)]
    rng("language").shuffle(words)
    return tuple(words[:2400])
