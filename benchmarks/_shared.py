"""Where the measuring data is."""

from __future__ import annotations

from pathlib import Path

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def missing(*names: str) -> bool:
    """Say which of the files below ../shared is not there; True where one is missing."""
    absent = [name for name in names if not (SHARED / name).exists()]
    if absent:
        print(f"skipped: needs ../shared/{', ../shared/'.join(absent)}")
    return bool(absent)


def shown(what: str, value: str, target: str = "-") -> None:
    """A figure with its target."""
    print(f"{what:72} {value:>18}   target {target}", flush=True)
