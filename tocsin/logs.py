"""Log lines: events with keys, readable on a terminal or as JSON for a collector; never a secret."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog


def _shortened(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Of an error its first line: what SQLAlchemy adds are statements and their values."""
    if isinstance(error := event.get("error"), str):
        event["error"] = error.partition("\n")[0]
    return event


class Unbreakable(io.TextIOBase):
    """A stream that writes to another one and loses what that cannot take (a full disk, a pipe whose reader is gone):
    no work stops for a line about it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """The whole of *text* in one write."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """What is buffered goes out now, if it can."""
        with suppress(OSError, ValueError):
            self._stream.flush()


def set_up(form: Literal["console", "json"]) -> None:
    """Make structlog and the standard library's loggers write the same kind of line to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _shortened,
    ]
    last: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=28,
            exception_formatter=structlog.dev.plain_traceback,  # the default prints local variables: secrets among them
        )
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, last] if form == "json" else [*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # One write a line: many processes share the stream.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, Unbreakable(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=last, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
