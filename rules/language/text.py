"""An article's text made even, with the way back to its own offsets: characters, sentences, zones, furniture."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rules.language.words import word_set
from rules.model import Article, Evidence, Field, Zone

LEAD_SENTENCES = 2
_DATELINE = 40
"""Characters; 'OSLO, JAN. 18.' above a first sentence is shorter, and in capitals."""
MAX_SENTENCE = 2_000
"""Characters. Longer stretches without a full stop are cut at a blank, so that time stays linear."""

_EVEN = {c: "'" for c in "’‘‚‛ʼ′`´"} | {c: '"' for c in "“”„‟«»″"} | {c: "–" for c in "—―−‒"}
_EVEN |= {
    c: " " for c in "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\t\v\f"
}
_EVEN |= {chr(c): " " for c in range(32) if c not in (9, 10, 11, 12)}
_EVEN |= {"\x7f": " ", "\u2028": "\n", "\u2029": "\n", "\x85": "\n"}
_ALIKE = re.compile(r"[\x00-\x7f]+|.", re.DOTALL)
"""Characters that stay as they are together, any other by itself."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_END = re.compile(r"[.!?\n](?:(?<=\n)\n*|([\"')\]]{0,3}\s+)(?=[\"'(\[]{0,2}[A-Z0-9])|[\"']((?!\n)\s+)(?=[A-Z\"']))")
"""What lies between two sentences is the group that matched, without one (line ends) all of it.

One set of characters comes first, so that the search skips to them."""
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Gen|Col|Lt|Maj|Sgt|Capt|Sen|Rep|Gov|Adm|Rev|St|No|Nos|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|"
    r"Oct|Nov|Dec|JAN|FEB|MAR|APR|JUN|JUL|AUG|SEPT?|OCT|NOV|DEC|vs|etc|Inc|Ltd|Co|Corp|Jr|Sr|Art|approx|pct|mln|dlrs|Brig|Amb|Hon)|\b[A-Z]|\b(?:[A-Z]\.)+[A-Z])\.\Z"
)
_GLUE = re.compile(
    r"(?:(?<=\bupdates)|(?<=\bupdate)) (?=[A-Z])|"
    r"(?<=[a-z0-9'\")]) (?=(?:(?:The|An?|In|It|This|These|There|Their|His|Her|He|She|They|We|But|And|As|After|When|"
    r"While|If|At|On|For|With|More|Two|Three|Hundreds|Thousands|Police) [a-z0-9]|One (?:of|in|day)\b|"
    r"The (?:US|UK|EU|UN|European|United|Nato|[A-Z][a-z]+(?:an|ish|ese|ench|i)) ))"
)
"""Where a line above an article, which ends without a full stop, and its first sentence were joined."""
_UNGLUED = word_set("in of at by from on for with to and or newspaper magazine daily tabloid weekly outlet called")
"""After these a capitalised 'The' begins a name ('in The Hague')."""
_FURNITURE = re.compile(
    r"\s*(?:leave a (?:comment|reply)|comments?|share(?: this)?(?: article| story| on .{1,30})?|"
    r"read (?:more|also|next)\b.*|also read\b.*|"
    r"related(?: (?:articles?|stories|news|topics|posts?))?:?.{0,200}|recommended:?|"
    r"more on this(?: story)?.*|subscribe\b.{0,120}|"
    r"sign up\b.{0,160}|follow us\b.*|click here\b.*|advertisement|copyright\b.*|©.*|all rights reserved.*|tags?:.*|"
    r"\d{1,3}\s*[+x×*-]\s*\d{1,3}\s*=\s*\??|[•·*▪]\s*\d{4}-\d\d-\d\d.*|print|email|tweet|facebook|whatsapp|"
    r"(?:enter|type) the (?:code|characters|sum).*|most (?:read|popular|viewed).*|you may also like.*|"
    r"watch:.*|listen:.*|"
    r"photo(?: credit)?:.*|image(?: source)?:.*|getty images.*|file photo.*|continue reading.*)\s*\Z",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*(?:watch|listen)\s*:\s*", re.IGNORECASE)
"""What a title says of a film or a recording before it tells the news; in a text such a line is furniture."""
_COLUMN = re.compile(
    r"\A(?:opinion|comment|editorial|op-ed|letters?|from the archives?|book review)\s*[:|]|"
    r"\A(?:timeline|factbox|chronology|flashback|throwback|(?:19|20)\d\d)\s*[:|–]|"
    r"\A(?:today|this day|this week|this month) in history\b|\A(?:on )?this day\b.{0,30}[:|–]|"
    r":\s(?:some |a )?(?:precedents|timeline|chronology|history|key dates)\s*\Z|"
    r"\b(?:dies|died|dead),? (?:at|aged)(?: the age of)? \d{2,3}\b|"
    r"\s[|–]\s(?:opinion|comment|editorial|letters|podcast|review|book review|cartoon|crossword|obituary)\s*\Z",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"\s\|\s([A-Z][\w'.-]+(?: (?:and|[A-Z][\w'.-]*|d[aei]|bin|al|van|von|der)){1,6})\s*\Z")
_OUTLETS = re.compile(
    r"\b(?:the|news|times|post|guardian|today|live|daily|journal|tv|radio|herald|tribune|press|magazine|agency|business|"
    r"world|politics|updates|media|online|bbc|cnn|jazeera|monde|reuters|report|east|africa|asia|europe)\b",
    re.IGNORECASE,
)
_DATED_BULLET = re.compile(r"\s*[•·*▪–-]\s*(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4})(?:\s+\d{1,2}:\d\d)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Clean:
    """Even text of one field; `offsets[i]` is where its character i stands in the original (None: the same place)."""

    field: Field
    original: str
    text: str
    offsets: tuple[int, ...] | None = None

    def evidence(self, start: int, end: int) -> Evidence:
        """The original span of even characters start to end."""
        if self.offsets is not None and end > start:
            start, end = self.offsets[start], self.offsets[end - 1] + 1
        return Evidence(self.field, start, end, self.original[start:end])


@dataclass(frozen=True, slots=True)
class Sentence:
    """Offsets in the even text of its field; `zone` by position alone."""

    clean: Clean
    start: int
    end: int
    zone: Zone
    paragraph: int
    number: int


@dataclass(frozen=True, slots=True)
class Page:
    """An article cut into sentences, title first."""

    article: Article
    title: Clean
    text: Clean
    sentences: tuple[Sentence, ...]


def even(original: str, field: Field) -> Clean:
    """Typographic variants made one (quotes, dashes, blanks, width), invisible marks dropped."""
    text = original if _is_plain(original) else _replaced(original)
    if text.isascii() or (not _INVISIBLE.search(text) and unicodedata.is_normalized("NFKC", text)):
        return Clean(field, original, text)
    parts: list[str] = []
    offsets: list[int] = []
    for match in _ALIKE.finditer(text):
        start, piece = match.start(), match.group()
        if piece.isascii():
            parts.append(piece)
            offsets += range(start, match.end())
        elif not _INVISIBLE.match(piece):
            parts.append(unicodedata.normalize("NFKC", piece) or piece)
            offsets += [start] * len(parts[-1])
    return Clean(field, original, "".join(parts), tuple(offsets))


def _is_plain(text: str) -> bool:
    """Nothing but printable ASCII and line ends, as most texts are?"""
    return text.isascii() and text.replace("\n", "").isprintable()


def _replaced(text: str) -> str:
    """Each variant replaced by what it stands for (one look per variant: far cheaper than `translate`)."""
    for variant, meant in _EVEN.items():
        if variant in text:
            text = text.replace(variant, meant)
    return text


def page_of(article: Article, title: Clean, text: Clean) -> Page:
    """Cut an article into sentences; page furniture belongs to none. What a column says is background, all of it."""
    column = Zone.BACKGROUND if _is_column(article, title.text) else None
    label = _LABEL.match(title.text)
    found = [
        Sentence(title, s, e, column or Zone.HEADLINE, 0, i)
        for i, (s, e, _) in enumerate(_cuts(title.text, label.end() if label else 0))
    ]
    lead = 0
    for start, end, paragraph in _unglued(text.text, _cuts(text.text)):
        zone = column or (Zone.LEAD if lead < LEAD_SENTENCES else Zone.BODY)
        # A dateline, a byline or a line above the first sentence is no sentence of the lead.
        is_whole = text.text[start:end].rstrip().endswith((".", "!", "?", '"'))
        is_whole = is_whole and not (end - start < _DATELINE and text.text[start:end].isupper())
        lead += is_whole or (end - start > 40 and text.text[end : end + 1] != " ")
        found.append(Sentence(text, start, end, zone, paragraph + 1, len(found)))
    return Page(article, title, text, tuple(found))


def _is_column(article: Article, title: str) -> bool:
    """Does the title say that somebody comments: 'Opinion: …', '… | Ana Rusu'? Outlets sign their titles as well."""
    signed = _SIGNED.search(title)
    if not signed or _OUTLETS.search(signed.group(1)):
        return _COLUMN.search(title) is not None
    return signed.group(1).lower().replace(" ", "") not in f"{article.url} {article.source}".lower().replace(" ", "")


def _cuts(text: str, start: int = 0) -> list[tuple[int, int, int]]:
    """(start, end, paragraph) of each sentence from *start* on that is not furniture."""
    cuts: list[tuple[int, int, int]] = []
    paragraph = 0
    after_bullet = False
    for match in [*_END.finditer(text, start), None]:
        end = match.start(match.lastindex or 0) if match else len(text)
        is_break = match is None or "\n" in match.group()
        # Only the end is looked at: a piece that goes on and on is cut out once.
        if not is_break and _ABBREVIATION.search(text[max(start, end - 12) : end]):
            continue
        piece = text[start:end]
        furniture = _FURNITURE.match(piece) if len(piece) < 260 else None
        if piece.strip() and not furniture and not (after_bullet and not piece.rstrip().endswith((".", '"'))):
            cuts += [(s, e, paragraph) for s, e in _short(text, start, end)]
        after_bullet = bool(_DATED_BULLET.match(piece))
        paragraph += is_break
        start = match.end() if match else end
    return cuts


def _unglued(text: str, cuts: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The cuts, the first one parted where a line above the article was joined to its first sentence."""
    if not cuts:
        return cuts
    start, end, paragraph = cuts[0]
    pieces = []
    for match in _GLUE.finditer(text, start + 30, end):
        if end - match.end() > 20 and text[start : match.start()].rsplit(" ", 1)[-1].lower() not in _UNGLUED:
            pieces.append((start, match.start(), paragraph))
            start = match.end()
    return [*pieces, (start, end, paragraph), *cuts[1:]]


def _short(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut at blanks into pieces of at most MAX_SENTENCE, blanks at the edges dropped."""
    pieces = []
    while end - start > MAX_SENTENCE:
        blank = text.rfind(" ", start + 1, start + MAX_SENTENCE)
        middle = blank if blank > 0 else start + MAX_SENTENCE
        pieces.append((start, middle))
        start = middle
    pieces.append((start, end))
    return [(s + len(t) - len(t.lstrip()), s + len(t.rstrip())) for s, e in pieces for t in [text[s:e]] if t.strip()]
