"""What can be wrong with a feed, and what to do about it, in words for its operator."""

from __future__ import annotations

from collections.abc import Mapping

_REACH = "open the address in a browser: where it works there, the host may refuse this machine; try again later"
_ADDRESS = "give the address of the feed itself, as the site publishes it"
_PAGE = "look for the address of the feed: candidates, if any, are below"

HOW: Mapping[str, str] = {
    "url": "correct the address",
    "dns": "check the spelling of the host, and that this machine can look names up",
    "refused_address": "it leads inside; where that is meant, name the network in TOCSIN_ALLOW_NETWORKS",
    "connect": _REACH,
    "proxy": "check `proxy` of the feed, and that the proxy runs and lets this machine through",
    "tls": "the host's certificate is not good; tell its owner, or use the address that the site itself uses",
    "timeout": _REACH,
    "closed": _REACH,
    "protocol": _REACH,
    "too_large": "ask the site for a shorter feed; nothing above 15 MB is read",
    "too_many_redirects": _ADDRESS,
    "redirect": _ADDRESS,
    "forbidden": "the site may want to know who asks: set TOCSIN_CONTACT, and ask its owner to let Tocsin in",
    "not_found": "look for the new address on the site; candidates, if any, are below",
    "gone": "the site has given this feed up: remove it, or find what took its place",
    "rate_limited": "nothing: Tocsin rests as long as the host asks; a longer `every` helps where it comes again",
    "server_error": "nothing: it is tried again, with longer and longer rests",
    "http": _ADDRESS,
    "challenge": "ask the site's owner to let Tocsin through (TOCSIN_CONTACT names you), or use another address of it",
    "login": "only what anybody can read is watched: find a public address, or ask the site for one",
    "soft_404": _PAGE,
    "html": _PAGE,
    "empty": "nothing, if it comes rarely; otherwise tell the site's owner",
    "truncated": "nothing, if it comes rarely; otherwise tell the site's owner",
    "not_a_feed": _ADDRESS,
    "opml": "import it: tocsin feeds import FILE",
    "parser": "this is a defect of Tocsin or of a library: please report the address",
    "internal": "this is a defect of Tocsin: please report the address and the message",
}
"""Class of error → how to mend it."""

WHAT: Mapping[str, str] = {
    "url": "wrong address",
    "dns": "host unknown",
    "refused_address": "address refused",
    "connect": "no connection",
    "proxy": "proxy does not work",
    "tls": "no secure connection",
    "timeout": "too slow",
    "closed": "connection closed",
    "protocol": "not proper HTTP",
    "too_large": "too large",
    "too_many_redirects": "too many redirects",
    "redirect": "bad redirect",
    "forbidden": "refuses us",
    "not_found": "nothing there",
    "gone": "gone for good",
    "rate_limited": "asked too often",
    "server_error": "server has an error",
    "http": "odd status",
    "challenge": "challenge for browsers",
    "login": "page to sign in",
    "soft_404": "page that says not found",
    "html": "page, not a feed",
    "empty": "empty",
    "truncated": "breaks off",
    "not_a_feed": "not a feed",
    "opml": "list of feeds",
    "parser": "cannot be read",
    "internal": "defect of Tocsin",
}
"""Class of error → the same in a few words, for a narrow column."""


def in_words(error_class: str | None) -> str:
    """What *error_class* means; "" where nothing is wrong."""
    return WHAT.get(error_class, error_class) if error_class else ""


def how_to_mend(error_class: str) -> str:
    """What to do about *error_class*."""
    return HOW.get(error_class, _REACH)
