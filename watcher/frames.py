"""What every child process does that reads strangers' documents: what crashes, hangs or eats memory there costs one
document.

Frames on standard input: two lengths (4 bytes each, big-endian), a JSON head, the body. On standard output: one
length, JSON. JSON and not pickle, so that a document that takes the parser over gains nothing in the parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

MEMORY_BYTES = 2_000_000_000
"""Address space of a child; a 15 MB document takes about a fifth of it."""
RETIRE_BYTES = 400_000_000
"""A child that has grown to this much says so and is replaced."""

_PR_SET_PDEATHSIG = 1


Answer = Callable[[dict[str, Any], bytes], dict[str, Any]]
"""(head, body) → what is sent back; values in it become objects of their fields."""


def serve(answer: Answer) -> None:
    """Answer frames until standard input ends, which it does when the parent is gone."""
    _settle(int(sys.argv[1]))
    frames_in, frames_out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not become a frame
    while (frame := _receive(frames_in)) is not None:
        said = answer(*frame) | {"retire": _resident_bytes() > RETIRE_BYTES}
        encoded = _JSON.encode(said).encode("utf-8", "replace")
        frames_out.write(struct.pack(">I", len(encoded)) + encoded)
        frames_out.flush()


def _fields(value: Any) -> dict[str, Any]:
    """One level of a value: `asdict` copies all of it, which takes longer than writing it."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_fields)


def _settle(parent: int) -> None:
    """Die with the parent, leave Ctrl-C to it, write no core, and have an end of memory."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = stream.read(8)
    if len(lengths) < 8:
        return None
    head, body = struct.unpack(">II", lengths)
    return json.loads(stream.read(head)), stream.read(body)


def _resident_bytes() -> int:
    """Memory in use now; 0 where the system does not say. (`ru_maxrss` would start with what the *parent* had.)"""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()
