"""By which names an entry is known, and the id of the article it becomes.

A name is a short hash with its kind in front. Guids that are URLs are read as links are, so that http → https, "www."
and tracking parameters do not make a new article.
"""

from __future__ import annotations

import hashlib
import uuid
from urllib.parse import urlsplit, urlunsplit

from watcher.entry import Names

TELLING_TEXT = 200
"""From this length on (characters) equal title and text are the same article, whatever guid and link say."""

_NAMESPACE = uuid.UUID("b1f0c8de-0d6a-5b39-8a0e-6a7d54f3a2c7")
_TRACKING_PREFIXES = ("utm_", "at_", "mtm_", "pk_", "hsa_", "ns_", "wt.", "xtor", "__twitter", "stm_")
_TRACKING_NAMES = (
    "fbclid gclid dclid gclsrc gbraid wbraid msclkid yclid twclid igshid mc_cid mc_eid mkt_tok _ga _gl cmp "
    "cmpid ftag ito smid partner feature fsrc ncid sref sr_share traffic_source ocid vero_id oly_enc_id "
    "wickedid s_cid ref_src ref_url partnertrack"
)
_TRACKING = frozenset(_TRACKING_NAMES.split())


def canonical_url(url: str) -> str:
    """*url* without tracking parameters, fragment and default port; its host in small letters. The rest is kept as
    written, so that it still leads to the article.
    """
    parts = urlsplit(url)
    query = "&".join(part for part in parts.query.split("&") if part and not _is_tracking(part))
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    netloc = parts.netloc.lower().removesuffix(default) if default else parts.netloc.lower()
    return urlunsplit((parts.scheme.lower(), netloc, parts.path, query, fragment))


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)


def _link_key(url: str) -> str | None:
    """What stays of a URL when a site changes its scheme, "www." or a closing slash. None for a front page: many
    feeds give it as the link of every entry.
    """
    parts = urlsplit(canonical_url(url))
    rest = (
        parts.path.rstrip("/")
        + (f"?{parts.query}" if parts.query else "")
        + (f"#{parts.fragment}" * bool(parts.fragment))
    )
    return parts.netloc.removeprefix("www.") + rest if rest else None


def names_of(*, guid: str | None, url: str | None, title: str, content: str | None) -> Names:
    """The names of an entry with this *guid* (as given), safe *url*, clean *title*, and hash of its *content*."""
    return Names(
        guid=_guid_name(guid),
        link=_name("l", _link_key(url)) if url else None,
        title=_name("t", _folded(title)),
        content=f"c:{content}" if content else None,
    )


def _guid_name(guid: str | None) -> str | None:
    value = (guid or "").strip()
    if value.lower().startswith(("http://", "https://")):
        try:
            return _name("g", _link_key(value) or value)
        except ValueError:
            return _name("g", value)
    return _name("g", value)


def _name(kind: str, value: str | None) -> str | None:
    return f"{kind}:{_digest(value)}" if value else None


def content_hash(title: str, text: str) -> str:
    """What changes when title or text does, and not when only spaces or capitals do."""
    return _digest(_folded(title) + "\n" + _folded(text))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def article_id(feed_id: str, names: Names) -> str:
    """The id of an article first seen in feed *feed_id* under these *names*: the same wherever it is computed."""
    told = (names.guid, names.link, names.title) if names.guid or names.link else (names.content,)
    return str(uuid.uuid5(_NAMESPACE, "\n".join((feed_id, *(name or "" for name in told)))))
