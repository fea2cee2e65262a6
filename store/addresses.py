"""Addresses as they may be shown to others than their owner."""

from __future__ import annotations

from urllib.parse import urlsplit


def masked(address: str) -> str:
    """A webhook's address without its path, which is often a secret; mail addresses as they are."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return address
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return address
    return f"{parts.scheme}://{parts.hostname}{port}" + ("/…" if parts.path.strip("/") or parts.query else "")
