"""A working day of invented news, for tests in a browser and for looking at."""

from __future__ import annotations

from sqlalchemy import select, update

from store import tables
from store.configuration import accept, refuse
from store.database import Database
from tests.console import parts
from tests.console.parts import HOUR, MINUTE, SECOND, evidence

PORTS = (
    "Norvik and Estmark have lifted their arms embargo on Tarsia with immediate effect, the two foreign ministries said"
)
PORTS_TEXT = (
    "NORVIK, Monday. The decision came after eleven hours of talks that few had expected to end before spring.\n\n"
    f"{PORTS}. The measure had been in force for nine years; both parliaments were told in the morning 🕊️.\n\n"
    "“We have done what we promised,” Foreign Minister Ilse Brandvold told reporters. “The embargo is over.”\n\n"
    "Opposition deputies in Estmark demanded a hearing. Shares of shipbuilders rose. Tarsia has said that it would "
    "welcome observers in its harbours, a proposal that the two neighbours had first made in the autumn."
)
TEASER = f"{PORTS}. Read the whole report with the reactions of both parliaments."
PACT = "The two governments signed a five-year defence cooperation agreement covering joint exercises and coastal radar"
PACT_TEXT = f"{PACT}. Prime Minister Anton Velde called it a beginning.\nThe text will be sent to parliament next week."
TALKS = "there is no such thing as a grain export ban any more"


def furnish(db: Database) -> dict[str, str]:
    """Fill the ledger; returns the ids of the alerts by name."""
    at = parts.now()
    for kind, ago in (("watch", 3.0), ("work", 1.0), ("serve", 2.0)):
        parts.add_service(db, kind, ago)
    for kind in ("rules", "feeds", "subscriptions"):
        accept(db, kind, f"{kind}-hash")
    _rules(db)
    press, ministry, agency = _feeds(db)
    ids = {}

    article = parts.add_article(
        db,
        agency,
        "Norvik and Estmark end arms embargo on Tarsia",
        PORTS_TEXT,
        outlet="northwire.example",
        tier="agency",
        author="Liv Aune",
        at=at - 6 * MINUTE,
    )
    ids["embargo"] = parts.add_alert(
        db,
        article,
        "embargo.ended",
        level="critical",
        at=at - 5 * MINUTE,
        seen_at=at - 2 * MINUTE,
        outlets=3,
        becomes="ended",
        subject="state:restriction",
        episode=2,
        key='[["TARGET","Tarsia"]]',
        speaker={"name": "Ilse Brandvold", "title": "foreign minister of Norvik", "role": "official", "named": True},
        bindings={"BY": "Norvik, Estmark", "TARGET": "Tarsia", "object": "arms embargo"},
        evidence=[evidence(PORTS_TEXT, PORTS), evidence(PORTS_TEXT, "The embargo is over")],
        confidence=0.93,
    )
    parts.add_alert(
        db,
        article,
        "embargo.imposed",
        id=parts.uid("earlier"),
        at=at - 9 * 24 * HOUR,
        closed_at=at - 5 * MINUTE,
        subject="state:restriction",
        episode=1,
        key='[["TARGET","Tarsia"]]',
        becomes="in_force",
        status="announced",
        bindings={"TARGET": "Tarsia"},
        evidence=[],
        level="medium",
        verdict="useful",
        verdict_by="mira",
        verdict_at=at - 8 * 24 * HOUR,
    )
    for outlet, title, ago in (
        ("harbour-post.example", "Arms ban on Tarsia scrapped after nine years", 4),
        ("estmark.example", "Communiqué on the end of the restrictive measures", 2),
    ):
        other = parts.add_article(db, press, title, "…", outlet=outlet, at=at - ago * MINUTE)
        parts.add_match(db, ids["embargo"], other, "embargo.ended", at=at - ago * MINUTE)

    article = parts.add_article(
        db,
        ministry,
        "Velde in Kolm: signing of the cooperation agreement",
        PACT_TEXT,
        outlet="gov.estmark.example",
        tier="official",
        at=at - 52 * MINUTE,
    )
    ids["pact"] = parts.add_alert(
        db,
        article,
        "defence.deal.new",
        level="high",
        at=at - 50 * MINUTE,
        status="agreed",
        speaker={"name": "Anton Velde", "title": "prime minister", "role": "official", "named": True},
        bindings={"PARTIES": "Estmark, Kolm"},
        evidence=[evidence(PACT_TEXT, PACT)],
    )
    text = f"Asked about wheat, an official who would not be named said that {TALKS}, “and there will not be one”."
    article = parts.add_article(db, press, "Wheat: what the harvest means for prices", text, at=at - 3 * HOUR)
    ids["grain"] = parts.add_alert(
        db,
        article,
        "restriction.ended",
        level="medium",
        at=at - 3 * HOUR,
        evidence=[evidence(text, TALKS)],
        speaker={"name": None, "title": "an official", "role": "official", "named": False},
        bindings={"TARGET": "Sund"},
        verdict="useful",
        verdict_by="mira",
        verdict_at=at - 2 * HOUR,
    )
    title = "Kolm could review visa ban on Lissa students"
    article = parts.add_article(db, press, title, "", at=at - 26 * HOUR)
    ids["visa"] = parts.add_alert(
        db,
        article,
        "restriction.ended",
        level="low",
        at=at - 26 * HOUR,
        zone="headline",
        status="possible",
        quiet="baseline",
        evidence=[evidence(title, title, "title")],
    )
    _deliveries(db, ids)
    parts.add_notice(db, "feed.failing", "Norvik Daily has failed 5 times in a row, for 2 hours: HTTP 500.", ago=HOUR)
    parts.add_notice(db, "feed.recovered", "Norvik Daily works again after 3 hours; there is nothing to do.")
    return ids


def pass_on(db: Database, alert_id: str) -> None:
    """Let the embargo's text be from its page, and be passed on by two outlets of which one matches."""
    at = parts.now()
    chosen = select(tables.article).join(tables.alert, tables.alert.c.article_id == tables.article.c.id)
    with db.write() as connection:
        found = connection.execute(chosen.where(tables.alert.c.id == alert_id)).one()
        whole = update(tables.article).where(tables.article.c.id == found.id)
        connection.execute(whole.values(feed_text=TEASER))
    same = {"story_id": found.story_id, "at": at - MINUTE}
    title = "Norvik, Estmark end arms embargo on Tarsia (agency)"
    copy = parts.add_article(db, found.feed_id, title, PORTS_TEXT, outlet="copyist.example", **same)
    parts.add_match(db, alert_id, copy, "embargo.ended", at=at - MINUTE)
    title = "Embargo on Tarsia ends"
    parts.add_article(db, found.feed_id, title, PORTS_TEXT, outlet="late.example", matches=0, **same)


def _rules(db: Database) -> None:
    for id, title, level in (
        ("embargo.ended", "An official states that a restriction has ended", "critical"),
        ("embargo.imposed", "A restriction between states is imposed", "medium"),
        ("restriction.ended", "A restriction between states has ended", "medium"),
        ("defence.deal.new", "A new defence cooperation deal", "high"),
        ("treaty.signed", "A treaty is signed", "medium"),
    ):
        parts.add_rule(db, id, title, level)


def _feeds(db: Database) -> tuple[str, str, str]:
    at = parts.now()
    press = parts.add_feed(db)
    ministry = parts.add_feed(
        db,
        "https://gov.estmark.example/press.xml",
        name="Government of Estmark",
        outlet="gov.estmark.example",
        tier="official",
        next_check_why="every 5 min",
    )
    agency = parts.add_feed(
        db,
        "https://northwire.example/world.rss",
        name="Northwire, world",
        outlet="northwire.example",
        tier="agency",
        tags=["wire"],
    )
    parts.add_feed(
        db,
        "https://slow.example/feed",
        name="Ministry of Slowness",
        status="failing",
        failures=4,
        error_class="timeout",
        error="slow.example did not answer within 20 s",
        last_success_at=at - 7 * HOUR,
        next_check_why="backing off after 4 failures",
        next_check_at=at + 40 * MINUTE,
    )
    old = [
        parts.article_row(press, f"Old news {day}-{number}", at=at - day * 24 * HOUR - number * SECOND, matches=0)
        for day in range(14)
        for number in range((day * 7) % 5 + (day % 3) * 2)
    ]
    parts.add_articles(db, old)
    return press, ministry, agency


def _deliveries(db: Database, ids: dict[str, str]) -> None:
    at = parts.now()
    hook = parts.add_subscription(db, "desk-hook")
    mail = parts.add_subscription(
        db,
        "desk-mail",
        "email",
        address="desk@estmark.example",
        endpoint={"last_error": "421 try again later", "failures": 2},
    )
    parts.add_delivery(
        db,
        ids["embargo"],
        "desk-hook",
        hook,
        2,
        tries=[
            {"outcome": "try_again", "code": 503, "detail": "HTTP 503", "response": "<h1>Busy</h1>"},
            {"detail": "HTTP 204"},
        ],
    )
    parts.add_delivery(
        db,
        ids["pact"],
        "desk-hook",
        hook,
        1,
        tries=[{"detail": "HTTP 204"}],
        created_at=at - 49 * MINUTE,
        done_at=at - 49 * MINUTE,
    )
    parts.add_delivery(
        db,
        ids["embargo"],
        "desk-mail",
        mail,
        1,
        channel="email",
        status="pending",
        body=b"From: x",
        done_at=None,
        next_at=at + 3 * MINUTE,
        tries=[{"outcome": "try_again", "code": 421, "detail": "421 try again later"}],
    )


def break_rules(db: Database) -> None:
    """A newer version of the rules is refused."""
    refuse(db, "rules", ["rules/desk.yml:12:7: unknown key `objekt`; did you mean `object`?"])


def one_more(db: Database, number: int = 1, **changes: object) -> str:
    """A further alert, opened now."""
    with db.read() as connection:
        feed = connection.execute(tables.feed.select().limit(1)).one()
    said = f"Kolm has announced sanctions against Lissa, number {number}"
    article = parts.add_article(db, feed.id, f"Sanctions, part {number}", f"{said}, it said.", at=parts.now())
    found = evidence(f"{said}, it said.", said)
    values = {"at": parts.now(), "level": "high", "status": "announced", "evidence": [found], **changes}
    return parts.add_alert(db, article, "embargo.imposed", **values)
