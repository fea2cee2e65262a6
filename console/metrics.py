"""Figures for Prometheus, counted in SQL when it asks."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from console.settings import ConsoleSettings
from console.visitors import may_read_metrics

router = APIRouter()


def registry_of(console: ConsoleSettings) -> CollectorRegistry:
    """A registry of our own: nothing global, so that two applications in one process do not mix."""
    registry = CollectorRegistry()
    Gauge("tocsin_info", "The version that runs.", ["version"], registry=registry).labels(console.version).set(1)
    return registry


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(may_read_metrics)])
def show(request: Request) -> Response:
    """All figures in the text format."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)
