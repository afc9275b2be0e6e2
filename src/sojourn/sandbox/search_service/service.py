"""All instances of the service, and the one way to change them: apply, then write down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from sojourn.sandbox.search_service.bodies import Body
from sojourn.sandbox.search_service.changes import apply, read_body
from sojourn.sandbox.search_service.clock import Clock
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.journal import Journal
from sojourn.sandbox.search_service.tokens import Tokens

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Options:
    """How the service behaves.

    ``wait`` scales how long requests take beside their real work (1: as an installation with a
    large corpus does, 0: not at all). A crawl takes ``crawl_seconds`` a document and clocks run
    ``speed`` times as fast as real time, once somebody has told them the time. ``path`` is the
    file that keeps everything; None keeps nothing. ``steady``: what a busy machine adds is
    not counted as the service's time, so that measurements are alike on any machine.
    """

    secret: str
    wait: float = 0.0
    crawl_seconds: float = 0.0
    speed: float = 1.0
    path: Path | None = None
    steady: bool = False


class Service:
    """The instances by name; each is made when it is first named."""

    def __init__(self, options: Options) -> None:
        """Open the file and carry out again what it says."""
        self.options = options
        self.tokens = Tokens(options.secret)
        self.requests = count(1)
        self._instances: dict[str, Instance] = {}
        self._journal = Journal(options.path)
        for entry in self._journal.entries():
            self._replay(entry)

    def instance(self, name: str) -> Instance:
        """Return a client's instance; raises Refused (404)."""
        if name not in self._instances:
            if not NAME.fullmatch(name) or len(self._instances) >= MOST:
                raise Refused(404, f"there is no instance {name!r:.60}")
            crawl = timedelta(seconds=self.options.crawl_seconds)
            self._instances[name] = Instance(name, Clock(self.options.speed), crawl)
        return self._instances[name]

    def change(self, instance: Instance, kind: str, body: Body, at: datetime) -> None:
        """Change an instance and write it down; raises Refused, and has then changed nothing."""
        apply(instance, kind, body, at)
        said = body.model_dump(mode="json", by_alias=True, exclude_none=True)
        told = instance.clock.told
        self._journal.write(
            {"at": at, "told": told, "instance": instance.name, "do": kind, "with": said}
        )

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def _replay(self, entry: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(entry["at"])
        instance = self.instance(entry["instance"])
        if entry["told"]:
            instance.clock.tell(at)
        apply(instance, entry["do"], read_body(entry["do"], entry["with"]), at)
