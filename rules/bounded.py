"""Reads a file within a bound: at a path that somebody wrote may lie a pipe, a device or two gigabytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of at most *most* bytes. Links are followed, as files that a container mounts are
    links; nothing is waited for, as a pipe that nobody writes to would be for ever.

    Raises:
        OSError: it cannot be opened or read.
        ValueError: it is something else, or longer; the message says which, without the path.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it is longer than {most} bytes")
    return content
