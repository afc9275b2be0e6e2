"""From text to the terms that are indexed: words in lower case, without stop words, stemmed."""

import re
from collections.abc import Iterator
from typing import Final

from sojourn.sandbox.search_service.stemming import stem

WORD: Final = re.compile(r"[a-z0-9]+")
STOP_WORDS: Final = """
a about above after again against all also although always am among an and another any are as at
be because been before being below between both but by can cannot could did do does doing done
down during each either etc for from further had has have having he her here hers him his how
however i if in into is it its itself just made mainly may might more most mostly must my nearly
neither no nor not now of off on once only or other our out over own perhaps quite rather really
same she should since so some such than that the their theirs them then there therefore these
they this those through thus to too under until up upon use used using various very was we were
what when where whether which while who whom why will with within without would you your
"""
STOP: Final = frozenset(STOP_WORDS.split())


def terms(text: str) -> Iterator[str]:
    """Yield the terms of a text in order."""
    for word in WORD.findall(text.lower()):
        if word not in STOP:
            yield stem(word)
