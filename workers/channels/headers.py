"""Headers of a receiver's own that go with every webhook: which may be named, and what they may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

MAX_HEADERS = 20
MAX_VALUE = 2_000
REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:\S+)\Z")
"""Where a secret is kept, in place of the secret itself."""

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?\Z")
_OURS = re.compile(r"(host|user-agent|accept-encoding|expect|(content|webhook)-.*)\Z", re.IGNORECASE)
_OF_THE_CONNECTION = re.compile(
    r"(connection|keep-alive|proxy-.*|te|trailers?|transfer-encoding|upgrade)\Z", re.IGNORECASE
)
_SECRET = re.compile(
    r"authori[sz]ation|cookie|password|secret|token|api[_-]?key|(^|[_-])(auth|key|pass)([_-]|$)", re.IGNORECASE
)


class BadHeader(ValueError):  # noqa: N818
    """A header that cannot be sent; the message names it, says how to mend it, and does not repeat its value."""


def resolved(headers: Mapping[str, str], secrets: Callable[[str], str]) -> dict[str, str]:
    """*headers* with what their references (env:NAME, file:PATH) lead to.

    Raises:
        NoSecret: a reference leads nowhere; *secrets* says so.
        BadHeader: it leads to what no header can hold.
    """
    return {name: _value(name, value, secrets) for name, value in headers.items()}


def _value(name: str, value: str, secrets: Callable[[str], str]) -> str:
    found = secrets(value) if REFERENCE.match(value) else value
    if why := _bad_text(found):
        raise BadHeader(f"header {name}: {why}")
    return found


def problem_of(name: str, value: str) -> str | None:
    """Why a header cannot be configured, with the mend; None where it can. Field names and values: RFC 9110, 5.1, 5.5.

    What is called a key, a token or the like must be a reference: what stands in the file itself is shown to people.
    """
    if not _NAME.match(name):
        return "this is no name of a header; write letters, digits and dashes"
    if _OURS.match(name):
        return f"`{name}` is set by Tocsin itself; choose another name, such as X-{name}"
    if _OF_THE_CONNECTION.match(name):
        return f"`{name}` is about the connection, not about the message; remove it"
    if REFERENCE.match(value):
        return None
    if value.startswith(("env:", "file:")):
        return "this is no reference; write env:NAME or file:PATH"
    if _SECRET.search(name):
        return f"what `{name}` holds looks like a secret: write where it is kept, env:NAME or file:PATH"
    return _bad_text(value)


def _bad_text(value: str) -> str | None:
    if "\n" in value or "\r" in value:
        return "the value has a line break in it; remove it"
    if len(value) > MAX_VALUE:
        return f"the value is longer than {MAX_VALUE} characters; shorten it"
    return (
        None if _VALUE.match(value) else "the value must be printable ASCII that neither begins nor ends with a space"
    )
