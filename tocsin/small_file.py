"""Reads small files that a setting or a secret's reference names: whatever else lies there is refused, and not read."""

from __future__ import annotations

from pathlib import Path

from rules.bounded import read_bounded

MAX_BYTES = 64 * 1024
"""More than any secret, key or setting has."""


def read_small(path: Path) -> str:
    """The text of a regular file of at most MAX_BYTES, without white space around it. Links are followed, as secrets
    that a container mounts are links.

    Raises:
        ValueError: there is no such file, or it is not to be read; the message names it and says how to mend that.
    """
    try:
        return read_bounded(path, MAX_BYTES).decode("utf-8").strip()
    except OSError as error:
        why = f"{error.strerror or error}; correct the path, or who may read it"
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is no UTF-8; write it as text"
    except ValueError as error:
        why = f"{error}; name a file that holds only the value"
    raise ValueError(f"cannot read {path}: {why}")
