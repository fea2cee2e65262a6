"""The pages, one module each."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import alert, deliveries, feeds, holding, inbox, notices, rules, silences

routers: tuple[APIRouter, ...] = (
    inbox.router,
    alert.router,
    feeds.router,
    rules.router,
    deliveries.router,
    silences.router,
    holding.router,
    notices.router,
)
