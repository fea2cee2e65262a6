"""What mails say, of all kinds: digests by alert, what became of what was told, and nothing a strict parser minds."""

from __future__ import annotations

import email
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.workers.parts import mail
from tests.workers.test_workers_email import context
from tests.workers.test_workers_webhook import told
from workers.channels import Told
from workers.channels.email import IN_DIGEST, freeze
from workers.context import Context

__all__ = ["context"]


def item(alert_id: str, kind: str = "alert.opened", level: str = "high", title: str = "t", **more: Any) -> Any:
    data = told(id=alert_id, rule={"id": "r", "version": "1", "title": "T", "level": level, "tags": []}).data
    data = {**data, "article": {**data["article"], "title": title}, **more}
    return {"id": f"d-{alert_id}", "type": kind, "timestamp": "2026-09-21T14:13:20Z", "data": data}


def digest(*items: Any, part: int = 1) -> Told:
    period = {"from": "2026-11-29T06:00:00Z", "until": "2026-11-30T06:00:00Z", "timezone": "Europe/Berlin"}
    data = {"version": 1, "digest": {**period, "part": part}, "items": list(items)}
    return replace(told(), alert_id=None, kind="digest", data=data)


def parts_of(message: EmailMessage) -> tuple[str, str]:
    text, html = (part.get_content() for part in message.iter_parts())
    return text, html


def frozen(whole: Told, context: Context) -> EmailMessage:
    return email.message_from_bytes(freeze(whole, mail(), context), policy=policy.strict)  # type: ignore[return-value]


def test_a_digest_tells_each_alert_once_the_weightiest_first(context: Context) -> None:
    items = [
        item("a", title="First"),
        item("b", level="critical", title="Second"),
        item("c", level="low", title="Third"),
    ]
    message = frozen(digest(*items), context)
    assert message["Subject"] == "[critical] 3 alerts until 30 Nov 2026, 07:00 CET: Second"
    assert (message["References"], message["Message-ID"]) == (None, "<d1@example.org>")
    for part in parts_of(message):
        assert part.count("embargo") == 3
        assert part.index("Second") < part.index("First") < part.index("Third")
        assert "29 Nov 2026, 07:00 CET" in part
        assert "https://t.example/unsubscribe/T0ken" in part


def test_an_alert_corrected_within_the_period_is_new_as_corrected(context: Context) -> None:
    items = [item("a", title="As it was"), item("a", "alert.corrected", title="As it is")]
    for part in parts_of(frozen(digest(*items), context)):
        assert "As it is" in part
        assert "As it was" not in part
        assert "Corrected" not in part


def test_an_alert_taken_back_within_the_period_is_shown_last_as_taken_back(context: Context) -> None:
    items = [
        item("a", level="critical", title="Gone"),
        item("b", title="Stays"),
        item("a", "alert.retracted", title="Gone"),
    ]
    message = frozen(digest(*items), context)
    assert message["Subject"].startswith("[high] 2 alerts until")
    for part in parts_of(message):
        assert part.index("Stays") < part.index("Retracted: the article was changed") < part.index("Gone")


def test_what_was_told_in_an_earlier_digest_says_what_became_of_it(context: Context) -> None:
    items = [item("a", "alert.updated", change="two outlets tell of it"), item("b", "alert.corrected")]
    for part in parts_of(frozen(digest(*items), context)):
        assert "Updated: two outlets tell of it." in part
        assert "Corrected: the article was changed" in part


def test_a_long_digest_stays_under_what_mail_programs_cut_off(context: Context) -> None:
    long = "An article with a title of some length, as they are in the papers of this world"
    items = [item(str(number), title=f"{long}, {number}") for number in range(IN_DIGEST)]
    body = freeze(digest(*items, part=2), mail(), context)
    message = frozen(digest(*items, part=2), context)
    assert "200 alerts, part 2 until" in message["Subject"]
    text, html = parts_of(message)
    assert "And 175 more" in html
    assert len(html.encode()) < 102_000
    assert all(f"{long}, {number}<" in html for number in range(IN_DIGEST))
    assert len(body) < 250_000
    assert max(len(line) for line in text.splitlines() if "http" not in line) <= 72


def notice(kind: str = "endpoint.failing", **details: int) -> Told:
    about = {"what": "endpoint", "id": "e1", "name": "https://hooks.example.org/…", "link": "https://t.example/x"}
    said = {"id": "n", "title": "An address takes nothing", "about": about, "words": "Nothing arrives. " * 20}
    data = {"version": 1, "notice": {**said, "details": details}}
    return replace(told(), alert_id=None, kind=kind, data=data)


def became(kind: str, **data: Any) -> Told:
    return replace(told(), kind=kind, data={**told().data, **data})


MAILS = {
    "opened": told(evidence=2),
    "updated": became("alert.updated", change="3 outlets tell of it", outlets=3),
    "corrected": became("alert.corrected"),
    "retracted": became("alert.retracted", outlets=3),
    "notice": notice(),
    "heartbeat": notice("heartbeat", articles=1204, matches=31),
    "digest": digest(item("a"), item("b", "alert.retracted"), item("c", level="critical", title="Ä — “…”")),
    "long digest": digest(*(item(str(number), title=f"Title {number}") for number in range(IN_DIGEST))),
}


class _Balanced(HTMLParser):
    """Refuses markup in which an element is closed that is not the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> names something twice"
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", MAILS)
def test_a_strict_parser_finds_nothing_wrong(context: Context, name: str) -> None:
    body = freeze(MAILS[name], mail(), context)
    assert all(len(line) <= 998 for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert body.isascii()
    message = frozen(MAILS[name], context)  # policy.strict raises at a defect
    for part in message.walk():
        assert part.defects == []
        assert [defect for value in part.values() for defect in value.defects] == []
    text, html = parts_of(message)
    assert text.endswith("https://t.example/unsubscribe/T0ken\r\n")
    assert max(len(line) for line in text.splitlines() if "http" not in line) <= 72
    markup = _Balanced()
    markup.feed(html)
    markup.close()
    assert markup.open == []


def test_a_mail_says_where_a_claim_stands_and_how_many_tell_of_it(context: Context) -> None:
    for part in parts_of(frozen(MAILS["updated"], context)):
        assert "done, in the lead" in part
        assert "o and 2 other outlets" in part
    for part in parts_of(frozen(MAILS["opened"], context)):
        assert "other outlet" not in part


def test_a_quotation_that_was_taken_back_does_not_read_as_if_it_stood(context: Context) -> None:
    for whole in (MAILS["retracted"], MAILS["digest"]):
        text, html = parts_of(frozen(whole, context))
        assert text.count("It said: “embargo”") == html.count("line-through") == 1
    assert "other outlets" not in parts_of(frozen(MAILS["retracted"], context))[0]
