"""Stems of English words after Porter's algorithm of 1980, so that forms of a word are one term."""

from functools import lru_cache
from itertools import pairwise
from typing import Final

VOWELS: Final = frozenset("aeiou")
Rules = tuple[tuple[str, str], ...]

PLURALS: Final[Rules] = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
DOUBLES: Final[Rules] = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("abli", "able"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
SINGLES: Final[Rules] = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
)  # fmt: skip
ENDINGS: Final = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ion", "ism", "ate", "iti",
    "ous", "ive", "ize", "al", "er", "ic", "ou",
)  # fmt: skip


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the stem of a lower-case word; words of one or two letters are their own."""
    if len(word) <= 2:
        return word
    word = _past(_replaced(word, PLURALS, -1))
    if word.endswith("y") and _voiced(word[:-1]):
        word = word[:-1] + "i"
    word = _replaced(_replaced(word, DOUBLES, 0), SINGLES, 0)
    return _tidied(_shortened(word))


def measure(word: str) -> int:
    """Return how many times a run of vowels is followed by a run of consonants."""
    kinds = "".join("c" if consonant(word, i) else "v" for i in range(len(word)))
    return sum(pair == ("v", "c") for pair in pairwise(kinds))


def consonant(word: str, place: int) -> bool:
    """Say whether a letter is a consonant; y is one at the start and after a vowel."""
    if word[place] != "y":
        return word[place] not in VOWELS
    return place == 0 or not consonant(word, place - 1)


def _replaced(word: str, rules: Rules, above: int) -> str:
    """Apply the first rule whose ending the word has, if what is left measures more than that."""
    for ending, instead in rules:
        if word.endswith(ending):
            rest = word.removesuffix(ending)
            return rest + instead if measure(rest) > above else word
    return word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        rest = word.removesuffix(ending)
        if rest != word and _voiced(rest):
            return _mended(rest)
    return word


def _mended(rest: str) -> str:
    """Give back the e that a past form or a participle had lost, or undo its doubling."""
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if _doubled(rest) and rest[-1] not in "lsz":
        return rest[:-1]
    return rest + "e" if measure(rest) == 1 and _short(rest) else rest


def _shortened(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending):
            rest = word.removesuffix(ending)
            kept = ending == "ion" and not rest.endswith(("s", "t"))
            return word if kept or measure(rest) <= 1 else rest
    return word


def _tidied(word: str) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        if measure(rest) > 1 or (measure(rest) == 1 and not _short(rest)):
            word = rest
    if word.endswith("ll") and measure(word) > 1:
        word = word[:-1]
    return word


def _voiced(word: str) -> bool:
    return not all(consonant(word, i) for i in range(len(word)))


def _doubled(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and consonant(word, len(word) - 1)


def _short(word: str) -> bool:
    """Say whether a word ends like hop: consonant, vowel, and a consonant that is not w, x or y."""
    last = len(word) - 1
    if last < 2 or word[-1] in "wxy":
        return False
    return consonant(word, last) and not consonant(word, last - 1) and consonant(word, last - 2)
