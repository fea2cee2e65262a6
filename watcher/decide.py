"""Which entries of a document are new, changed or known. Pure: no clock, no I/O; every entry is counted once.

An entry is known by several names (guid, link, title, content), because each of them alone fails on real feeds: one
guid for all entries, guids that change with every edit, links that all lead to the front page, hosts that move.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from watcher.entry import Entry, Names
from watcher.identity import TELLING_TEXT, article_id

MAX_REVISIONS = 24
"""A text that still changes after so many revisions changes at every fetch: a counter, an advertisement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The article that a name stands for, as it was last stored. `stale`: the name should be stored again, so that
    it is not taken for one that the feed has dropped.
    """

    article_id: str
    content_hash: str
    revision: int
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """An entry to store: new where `revision` is 1. `keys` are names that it has gained; `quiet` says why it must not
    alert, `page_text` what its page says in full ('': that could not be had).
    """

    article_id: str
    revision: int
    entry: Entry
    keys: tuple[str, ...] = ()
    quiet: str | None = None
    page_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """entries = new + changed + known + the sum of skipped. `learned` are names to store for known articles:
    key → (article id, content hash).
    """

    new: tuple[Decided, ...] = ()
    changed: tuple[Decided, ...] = ()
    known: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    learned: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def keys_of(names: Names) -> tuple[str, ...]:
    """All names there are."""
    return tuple(name for name in (names.guid, names.link, names.title, names.content) if name)


def id_key(article_id: str) -> str:
    """The key under which `decide` looks for an article by its id, where all its names have gone to others."""
    return f"a:{article_id}"


def decide(
    seen: Mapping[str, Seen], entries: Sequence[Entry], *, feed_id: str, quiet_before: int | None = None
) -> Decision:
    """Decide on the *entries* of one document, in its order; *seen* maps every name that is known to its article.

    *quiet_before* (microseconds UTC) is given at the first fetch: what is not known to be published since is stored,
    but does not alert.
    """
    progress = _Progress(feed_id=feed_id, quiet_before=quiet_before, table=dict(seen))
    for entry in trusted(entries):
        progress.take(entry)
    return progress.decision(seen)


@dataclass(slots=True, kw_only=True)
class _Progress:
    feed_id: str
    quiet_before: int | None
    table: dict[str, Seen]
    touched: set[str] = field(default_factory=set)
    keys: dict[str, None] = field(default_factory=dict)
    new: list[Decided] = field(default_factory=list)
    changed: list[Decided] = field(default_factory=list)
    known: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def take(self, entry: Entry) -> None:
        if not entry.title and not entry.text:
            self.skipped["empty"] += 1
            return
        fresh = article_id(self.feed_id, entry.names)
        before = same(entry, self.table) or self.table.get(id_key(fresh))
        if before is None:
            self._store(self.new, Decided(article_id=fresh, revision=1, entry=entry, quiet=self._quiet(entry)))
        elif before.article_id in self.touched:
            self.skipped["repeated"] += 1  # the first one wins; names that only this one has are names all the same
            self._name(entry, self.table[id_key(before.article_id)])
        elif before.content_hash == entry.content_hash:
            self.known += 1
            self._remember(entry, before.article_id, before.revision)
        elif before.revision >= MAX_REVISIONS:
            self.skipped["changes at every fetch"] += 1
        else:
            self._store(self.changed, Decided(article_id=before.article_id, revision=before.revision + 1, entry=entry))

    def _store(self, where: list[Decided], decided: Decided) -> None:
        where.append(decided)
        self._remember(decided.entry, decided.article_id, decided.revision)

    def _remember(self, entry: Entry, id: str, revision: int) -> None:
        self.touched.add(id)
        self.table[id_key(id)] = Seen(article_id=id, content_hash=entry.content_hash, revision=revision)
        self._name(entry, self.table[id_key(id)])

    def _name(self, entry: Entry, article: Seen) -> None:
        """Give the names of *entry* to *article*, but for those that an earlier entry of the document has."""
        for key in keys_of(entry.names):
            if key not in self.keys:
                self.keys[key] = None
                self.table[key] = article

    def _quiet(self, entry: Entry) -> str | None:
        before = self.quiet_before
        recent = before is None or (entry.published_at is not None and entry.published_at >= before)
        return None if recent else "baseline"

    def decision(self, seen: Mapping[str, Seen]) -> Decision:
        """What is to be stored: each name goes to the article that has it after the whole document."""
        names: dict[str, list[str]] = defaultdict(list)
        for key in self.keys:
            if _is_news(seen.get(key), self.table[key]):
                names[self.table[key].article_id].append(key)
        new, changed = (
            tuple(replace(one, keys=tuple(names.pop(one.article_id, ()))) for one in stored)
            for stored in (self.new, self.changed)
        )
        learned = {key: (id, self.table[key].content_hash) for id, keys in names.items() for key in keys}
        return Decision(new=new, changed=changed, known=self.known, skipped=dict(self.skipped), learned=learned)


def _is_news(before: Seen | None, now: Seen) -> bool:
    return before is None or before.stale or before.article_id != now.article_id


def same(entry: Entry, table: Mapping[str, Seen]) -> Seen | None:
    """The article that *entry* is, by the names that agree; None where it is a new one."""
    names = entry.names
    guid, link, title, content = (
        table.get(name) if name else None for name in (names.guid, names.link, names.title, names.content)
    )
    found = _agreed(guid, (link, title, content)) or _agreed(link, (title, content))
    if found is None and guid and names.link is None:
        found = guid  # nothing contradicts it: an edited text
    if found is None:
        found = link  # the guid changes with the text, or there is none
    if found is None and content and len(entry.text) >= TELLING_TEXT:
        found = content  # a site that has moved to another host
    if found is None and names.guid is None and names.link is None:
        found = content or title
    spent = found is not None and found.revision >= MAX_REVISIONS and title is None
    return None if spent else found  # a name that is used for one text after the other


def _agreed(one: Seen | None, others: tuple[Seen | None, ...]) -> Seen | None:
    return one if one and any(other and other.article_id == one.article_id for other in others) else None


def trusted(entries: Sequence[Entry]) -> list[Entry]:
    """The *entries* without guids and links that stand for several articles of the same document."""
    guids = _shared([(entry.names.guid, entry.names.link, entry.names.title) for entry in entries])
    links = _shared([(entry.names.link, entry.names.guid, entry.names.title) for entry in entries])
    if not guids and not links:
        return list(entries)
    return [replace(entry, names=_without(entry.names, guids, links)) for entry in entries]


def _shared(triples: Sequence[tuple[str | None, str | None, str | None]]) -> set[str]:
    """First names that come with several second and several third names, or with no second at all."""
    seconds: dict[str, set[str | None]] = defaultdict(set)
    thirds: dict[str, set[str | None]] = defaultdict(set)
    for first, second, third in triples:
        if first:
            seconds[first].add(second)
            thirds[first].add(third)
    return {name for name in seconds if len(thirds[name]) > 1 and (len(seconds[name]) > 1 or seconds[name] == {None})}


def _without(names: Names, guids: set[str], links: set[str]) -> Names:
    return replace(
        names,
        guid=None if names.guid in guids else names.guid,
        link=None if names.link in links else names.link,
    )
