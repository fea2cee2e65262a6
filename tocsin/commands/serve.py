"""`tocsin serve`: the console."""

from __future__ import annotations

from tocsin.commands.common import settings_or_exit
from tocsin.commands.starting import listen, supervise, wired
from tocsin.serving import serve_service


def serve() -> None:
    """Serve the console, the API, health and metrics."""
    settings = settings_or_exit()
    supervise([serve_service(wired(settings), listen(settings))])
