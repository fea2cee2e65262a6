"""The API under /api/v1, one module per thing it tells about."""

from __future__ import annotations

from fastapi import APIRouter

from console.api import alerts, configured, deliveries, holding, notices, schema, silences

routers: tuple[APIRouter, ...] = (
    alerts.router,
    configured.router,
    deliveries.router,
    silences.router,
    holding.router,
    notices.router,
    schema.router,
)
