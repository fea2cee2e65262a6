"""Alerts for programs."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["alerts"])


@router.get("/alerts")
def list_alerts() -> dict[str, object]:
    """Alerts, newest first."""
    return {"alerts": []}
