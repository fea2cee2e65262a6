"""Reads small files that a setting or a secret's reference names: whatever else lies there is refused, and not read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_BYTES = 64 * 1024
"""More than any secret, key or setting has."""


def read_small(path: Path) -> str:
    """The text of a regular file of at most MAX_BYTES, without white space around it. Links are followed, as secrets
    that a container mounts are links.

    Raises:
        ValueError: there is no such file, or it is not to be read; the message names it and says how to mend that.
    """
    try:
        content = _content(path)
        return content.decode("utf-8").strip()
    except OSError as error:
        raise ValueError(
            f"cannot read {path}: {error.strerror or error}; correct the path, or who may read it"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read {path}: byte {error.start} is no UTF-8; write it as text") from error


def _content(path: Path) -> bytes:
    """Opened without waiting: a pipe that nobody writes to would be waited for for ever."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"cannot read {path}: it is no regular file; name a file that holds the value")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"cannot read {path}: it is longer than {MAX_BYTES} bytes; name a file that holds only the value"
        )
    return content
