"""What an agent does that answers at once and calls back: at least once, whoever dies meanwhile.

Every try is written down before it is made, and what came of it: ``calling``, then ``called`` with
the status of the answer. Some call again after they were heard, some with a token of their own make.
"""

import hashlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any, Final

Note = Callable[[str, dict[str, Any]], None]
HEARD: Final = (202, 404, 409)
"""Answers after which nothing more is said; others are asked again."""
SECONDS: Final = 3.0
PAUSE: Final = 0.2
OFTEN: Final = 3
"""One in so many calls again after it was heard, and one in so many with a token that is forged."""


def call_back(told: dict[str, Any], body: dict[str, Any], nap: float, note: Note) -> None:
    """Begin to call back with a body after a nap; ``told`` is what the agent was asked."""
    work = (told["callback_url"], told["idempotency_key"], body, nap, note)
    threading.Thread(target=_call, args=work, daemon=True).start()


def unheard(asked: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a book says was asked with a URL to call back, and was not heard of."""
    listed = list(asked)
    heard = {a["idempotency_key"] for a in listed if a["what"] == "called" and not a["forged"]}
    return [
        a
        for a in listed
        if a["what"] == "asked" and a.get("by_callback") and a["idempotency_key"] not in heard
    ]


def _call(url: str, key: str, body: dict[str, Any], nap: float, note: Note) -> None:
    time.sleep(nap)
    chance = hashlib.sha256(key.encode()).digest()
    if chance[0] % OFTEN == 0:
        _until_heard(url[:-4] + "AAAA", key, body, note, forged=True)
    _until_heard(url, key, body, note)
    if chance[1] % OFTEN == 0:
        _until_heard(url, key, body, note)


def _until_heard(
    url: str, key: str, body: dict[str, Any], note: Note, *, forged: bool = False
) -> None:
    told = {"idempotency_key": key, "forged": forged}
    while True:
        note("calling", told)
        if (status := _posted(url, body)) in HEARD:
            return note("called", told | {"status": status})
        time.sleep(PAUSE)


def _posted(url: str, body: dict[str, Any]) -> int:
    """Return the status of the answer; 0 where none came."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
