"""A real PostgreSQL server for tests, started on its own and stopped by whoever asked for it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def postgres() -> Iterator[Any]:
    """A server of `pgserver`: `get_uri()` names its first database, `pgdata` and `system_user` help to crash it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says at import where it falls back to without XDG_RUNTIME_DIR
        import pgserver
    # not below pytest's own folders: they are closed to the user that PostgreSQL runs as
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()
