"""A ledger in which everything that strangers write is an attack on whoever reads it."""

from __future__ import annotations

from store import holding, silences
from store.database import Database
from store.silences import Scope
from tests.console import newsroom, parts
from tests.console.parts import evidence

EVIL = (
    "</title></h2><script>harmed=1</script><img src=x onerror=harmed=1>\"'&{{7*7}}"
    "\" autofocus onfocus=harmed=1 ' onmouseover=harmed=1 x='</textarea></select></option></style>-->]]>"
    "<svg onload=harmed=1></svg><iframe srcdoc='<script>parent.harmed=1</script>'></iframe>"
    "<style>@import 'https://evil.example/s';</style><link rel=stylesheet href=https://evil.example/l>"
    "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href=https://evil.example/>"
    "<form action=https://evil.example/><button formaction=javascript:harmed=1>x</button></form>"
    "<a href=javascript:harmed=1>x</a><object data=https://evil.example/o></object>"
)
"""Whatever of it works sets `harmed` in the page, asks another host, or leads elsewhere."""

LINKS = ("javascript:harmed=1", "data:text/html,x", 'https://ok.example/"><script>', "//x", None)


def poison(db: Database) -> str:
    """Fill the ledger; returns the id of an alert."""
    feed = parts.add_feed(
        db, "https://x.example/?a=<script>", name=EVIL, outlet=EVIL, error=EVIL, status="failing", tags=[EVIL]
    )
    ids = [add_alert(db, feed, str(number), url) for number, url in enumerate(LINKS)]
    parts.add_rule(db, "embargo.ended", EVIL, tags=[EVIL], source=EVIL)
    hook = parts.add_subscription(db)
    failed = [{"detail": EVIL, "response": EVIL}]
    parts.add_delivery(db, ids[-1], "desk-hook", hook, 1, status="dead", why=EVIL, tries=failed)
    scope = Scope(rule="*", bindings={EVIL[:60]: EVIL[:60]}, outlet=EVIL[:60], alert_id=ids[-1])
    silences.add(db, scope, author=EVIL[:60], reason=EVIL[:400], for_s=60)
    parts.add_notice(db, "feed.failing", EVIL, name=EVIL[:200])
    with db.write() as connection:
        holding.hold(connection, ids[-1], "embargo.ended", EVIL, parts.now())
    newsroom.break_rules(db)
    return ids[-1]


def add_alert(db: Database, feed: str, name: str, url: str | None = None) -> str:
    """One more alert, of now, of which each part is an attack."""
    article = parts.add_article(db, feed, f"{EVIL}{name}", f"{EVIL}\n{EVIL}", url=url, outlet=EVIL, author=EVIL)
    speaker = {"name": EVIL, "title": EVIL, "role": "official", "named": True}
    said = {"evidence": [evidence(EVIL, EVIL)], "bindings": {EVIL: EVIL}, "status": "done", "speaker": speaker}
    return parts.add_alert(db, article, at=parts.now(), **said)
