"""Alerts as an Atom feed (RFC 4287)."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
