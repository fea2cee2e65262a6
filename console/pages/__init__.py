"""The pages, one module each."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import inbox

routers: tuple[APIRouter, ...] = (inbox.router,)
