"""The proxy that a feed is fetched through."""

from __future__ import annotations

from collections.abc import Callable

from net.guard import check_proxy
from store.feeds import Feed

Secrets = Callable[[str], str]
"""What a reference (env:NAME, file:PATH) stands for; raises LookupError with the reason."""


def no_secrets(reference: str) -> str:
    """For those who have none.

    Raises:
        LookupError: always.
    """
    raise LookupError(f"{reference} cannot be read here")


def proxy_of(feed: Feed, secrets: Secrets) -> str | None:
    """The URL of the feed's proxy, with its password; None where it uses none.

    Raises:
        ValueError: its reference leads nowhere, or to something that is no proxy; says how to mend it.
    """
    named = feed.proxy
    if named is None or not named.startswith(("env:", "file:")):
        return named
    try:
        url = secrets(named)
    except LookupError as error:
        raise ValueError(f"the feed's proxy cannot be used: {error}") from error
    if problem := check_proxy(url):
        raise ValueError(f"the feed's proxy cannot be used: {named} holds no proxy ({problem})")
    return url
