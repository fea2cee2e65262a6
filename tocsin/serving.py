"""The serve service: the console under uvicorn, on a socket that the parent has bound."""

from __future__ import annotations

import socket
from typing import Any

import redis
import uvicorn

from console.app import ConsoleSettings, create_app
from store.database import Database
from store.services import start_beating
from tocsin.deadlines import Deadlines
from tocsin.demo import with_demo
from tocsin.settings import VERSION
from tocsin.supervise import Service
from tocsin.wiring import Wiring, rules_in_force


def serve_service(wiring: Wiring, listener: socket.socket) -> Service:
    """The console, on a socket that the parent has bound, so that it survives a restart of this process."""
    return Service("serve", lambda: _serve(wiring, listener))


def _serve(wiring: Wiring, listener: socket.socket) -> None:
    settings = wiring.settings
    db = Database(settings.database)
    start_beating(db, "serve")
    bell = redis.Redis.from_url(wiring.redis_url, socket_timeout=1, socket_connect_timeout=1)
    application: Any = create_app(
        ConsoleSettings(
            db=db,
            rules=rules_in_force(wiring, None),
            base_url=settings.link_base,
            redis_ok=lambda: _answers(bell),
            version=VERSION,
        )
    )
    if wiring.demo:
        application = with_demo(application, settings.link_base, settings.data)
    uvicorn.Server(
        uvicorn.Config(
            application,
            http=Deadlines,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            lifespan="on",
            proxy_headers=False,
        )
    ).run(sockets=[listener])


def _answers(bell: redis.Redis) -> bool:
    try:
        return bool(bell.ping())
    except redis.RedisError:
        return False
