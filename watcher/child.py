"""The child process in which documents are parsed: what crashes, hangs or eats memory here costs one document.

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
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from watcher.entry import NotAFeed
from watcher.formats.source import Source
from watcher.parse import parse

MEMORY_BYTES = 2_000_000_000
"""Address space of a child; a 15 MB document takes about a fifth of it."""
RETIRE_BYTES = 400_000_000
"""A child that has grown to this much says so and is replaced."""

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve frames until standard input ends, which it does when the parent is gone."""
    parent = int(sys.argv[1])
    _settle(parent)
    frames_in, frames_out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not become a frame
    while (frame := _receive(frames_in)) is not None:
        answer = json.dumps(_answer(*frame), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        frames_out.write(struct.pack(">I", len(answer)) + answer)
        frames_out.flush()


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


def _answer(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    now = datetime.fromtimestamp(head.pop("now_s"), UTC)
    try:
        read = parse(body, Source(**head), now)
    except MemoryError:
        read = NotAFeed(error_class="too_large", message="the document needs too much memory to be read")
    except RecursionError:
        read = NotAFeed(error_class="not_a_feed", message="the document is nested too deeply to be read")
    except Exception as error:  # noqa: BLE001 - a bug; it must show at the feed and cost this document alone
        read = NotAFeed(error_class="parser", message=f"the parser failed on this document: {error!r}"[:500])
    return {"kind": type(read).__name__, "value": asdict(read), "retire": _resident_bytes() > RETIRE_BYTES}


def _resident_bytes() -> int:
    """Memory in use now; 0 where the system does not say. (`ru_maxrss` would start with what the *parent* had.)"""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
