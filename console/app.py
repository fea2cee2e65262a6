"""The console: one ASGI application out of its rooms."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from console import atom, health, metrics, problems, signing_in, unsubscribing
from console.api import routers as api_routers
from console.guard import Guard
from console.pages import routers as page_routers
from console.rendering import STATIC
from console.settings import ConsoleSettings
from console.visitors import visitor

__all__ = ["ConsoleSettings", "create_app"]


def create_app(console: ConsoleSettings) -> FastAPI:
    """The application. Whatever is not named open needs a session or a token: that is what routers are included with,
    so that a new page cannot forget it.
    """
    app = FastAPI(title="Tocsin", version=console.version, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.console = console
    app.state.attempts = signing_in.Attempts()
    app.state.metrics = metrics.registry_of(console)
    app.mount("/static", _Assets(directory=STATIC), name="static")
    for router in (health.router, signing_in.open_router, unsubscribing.router, metrics.router, atom.router):
        app.include_router(router)  # each says itself who may
    for router in (signing_in.router, *page_routers, *api_routers):
        app.include_router(router, dependencies=[Depends(visitor)])
    problems.install(app)
    app.add_middleware(Guard, secure=console.secure)
    return app


class _Assets(StaticFiles):
    """Our own files. Pages name them with a stamp of their content, so they may be kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer
