"""Matching against both databases: races, poison, quiet articles, states."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.event import listen
from structlog.testing import capture_logs

from rules.model import Article, Emit, Held, Match
from store import evaluations
from store.database import Database
from store.evaluations import MAX_TRIES
from store.subscriptions import Filter, Subscription, sync
from store.tables import alert, article, delivery, match, message, subscription
from tests.workers.conftest import Silent
from tests.workers.parts import NOW, Words, add_articles, hook
from workers.alerts import OLDER
from workers.context import Context
from workers.matching import match_articles
from workers.recording import record

Make = Callable[..., Context]
HOUR = 3_600_000_000


def count(db: Database, column: Any, *where: Any) -> int:
    with db.read() as connection:
        return int(connection.scalar(select(func.count(column)).where(*where)) or 0)


def all_of(db: Database, *columns: Any, order: Any) -> list[tuple[Any, ...]]:
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(order))]


def test_two_jobs_racing_over_the_same_articles_open_one_alert_each(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a"), hook("http://127.0.0.1:1/b", "other")])
    ids = add_articles(db, ["embargo"] * 40)
    together(lambda context: match_articles(context, ids), [make_context() for _ in range(4)])
    assert count(db, alert.c.id) == 40
    assert count(db, delivery.c.id) == 80
    assert all_of(db, subscription.c.last_seq, order=subscription.c.id) == [(40,), (40,)]
    assert count(db, article.c.id, article.c.evaluated_at.is_(None)) == 0


def test_an_article_that_matches_is_one_line_of_the_log(db: Database, make_context: Make) -> None:
    ids = add_articles(db, ["embargo", "weather"])
    with capture_logs() as said:
        match_articles(make_context(), ids)
    assert [(line["event"], line["article"], line["rules"]) for line in said] == [
        ("article.matched", ids[0], ["embargo.ended"])
    ]


def test_an_alert_costs_three_statements_of_its_own_and_its_transaction_the_rest(
    db: Database, make_context: Make
) -> None:
    """Each takes a tenth of a millisecond of a processor, and holds SQLite's only writer."""
    sync(db, [hook(f"http://127.0.0.1:1/{number}", f"hook-{number}") for number in range(5)])
    context, said = make_context(), list[str]()
    listen(db.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    counts = []
    for number in (10, 30):
        ids = add_articles(db, ["embargo"] * number, f"batch-{number}-")
        said.clear()
        match_articles(context, ids)
        counts.append(sum("advisory" not in one for one in said))
    assert (counts[1] - counts[0]) / 20 <= 3
    assert count(db, delivery.c.id) == 5 * 40


def test_articles_of_one_event_racing_open_one_alert(db: Database, make_context: Make) -> None:
    """Each article in a transaction of its own, at the same time, all with the same key."""
    sync(db, [hook("http://127.0.0.1:1/a")])
    ids = add_articles(db, ["embargo"] * 24)
    words = Words(emits={"embargo.ended": Emit(key=(("object", "embargo"), ("on", "IR")))})
    chunks = iter([ids[start::4] for start in range(4)])
    together(lambda context: [match_articles(context, [id]) for id in next(chunks)], [make_context(words)] * 4)
    assert count(db, alert.c.id) == 1
    assert count(db, delivery.c.id) == 1
    assert count(db, match.c.id, match.c.outcome == "sighting") == 23
    assert all_of(db, alert.c.outlets, order=alert.c.id) == [(1,)]  # one outlet, however many articles


def test_recording_twice_what_two_workers_analysed_makes_one_alert(db: Database, make_context: Make) -> None:
    """Both were sure of their lease: the second finds the work done."""
    sync(db, [hook("http://127.0.0.1:1/a")])
    ids = add_articles(db, ["embargo"])
    context, words = make_context(), Words()
    rows = evaluations.claim(db, ids, "one").rows
    found = [(row, words.match(Article(id=row.id, title="", text=row.text))) for row in rows]
    assert len(record(context, words, found)) == 1
    assert record(context, words, found) == []
    assert count(db, delivery.c.id) == 1


def test_a_revision_during_the_analysis_wins(db: Database, make_context: Make) -> None:
    ids = add_articles(db, ["embargo"])
    context, words = make_context(), Words()
    rows = evaluations.claim(db, ids, "one").rows
    with db.write() as connection:
        connection.execute(update(article).values(revision=2, text="nothing"))
    record(context, words, [(row, words.match(Article(id=row.id, title="", text=row.text))) for row in rows])
    assert count(db, match.c.id) == 0
    assert count(db, article.c.id, article.c.evaluated_at.is_(None)) == 1


def test_an_article_whose_analysis_raises_is_parked_alone_after_its_tries(db: Database, make_context: Make) -> None:
    ids = add_articles(db, ["embargo", "explode", "embargo"])
    for _ in range(MAX_TRIES):
        match_articles(make_context(), ids)
    parked = all_of(db, article.c.id, article.c.parked_why, order=article.c.id)
    assert parked == [("a0", None), ("a1", "its analysis raised ValueError: boom"), ("a2", None)]
    assert count(db, article.c.id, article.c.evaluated_at.is_not(None)) == 2
    assert evaluations.waiting(db, 10) == []
    assert evaluations.unpark(db, "a1")
    assert evaluations.waiting(db, 10) == ["a1"]


def test_what_killed_its_worker_twice_runs_alone_and_is_parked_after_the_third(db: Database) -> None:
    ids = add_articles(db, ["one", "two"])

    def killed(ids: list[str]) -> evaluations.Claimed:
        claimed = evaluations.claim(db, ids, "doomed")
        with db.write() as connection:  # the worker is dead, and its lease has run out
            connection.execute(update(article).where(article.c.lease_owner.is_not(None)).values(lease_until_at=1))
        return claimed

    assert [len(killed(ids).rows) for _ in range(2)] == [2, 2]
    assert killed(ids) == evaluations.Claimed(rows=[], alone=("a0", "a1"))
    assert [row.id for row in killed(["a0"]).rows] == ["a0"]
    assert killed(ids) == evaluations.Claimed(rows=[], alone=("a1",))
    assert all_of(db, article.c.id, article.c.parked_at.is_not(None), order=article.c.id) == [
        ("a0", True),
        ("a1", False),
    ]
    assert "ended the worker 3 times" in all_of(db, article.c.parked_why, order=article.c.id)[0][0]


def test_a_quiet_article_opens_an_alert_that_nobody_is_told(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a")])
    match_articles(make_context(), add_articles(db, ["embargo"], quiet="baseline"))
    assert all_of(db, alert.c.quiet, order=alert.c.id) == [("baseline",)]
    ((facts,),) = all_of(db, message.c.facts, order=message.c.id)
    assert (facts["quiet"], facts["entitled"]) == ("baseline", ["desk-hook"])
    assert count(db, delivery.c.id) == 0


@dataclass(frozen=True)
class States:
    """A rule set in which an article says in so many words what a restriction becomes."""

    hash: str = "states"
    rules: dict[str, Any] = field(default_factory=lambda: Words().rules)

    def held(self, article: Article) -> Held:
        becomes = article.text.split()[-1]
        emit = Emit(state="restriction", becomes=becomes, key=(("on", "IR"),))
        return Words(emits={"embargo.ended": emit}).held(article)


def test_ended_reimposed_and_ended_again_are_three_episodes(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a")])
    news = ["in_force", "ended", "ended", "in_force", "ended"]
    ids = [
        add_articles(db, [f"embargo {becomes}"], prefix=f"n{at}-", published_at=NOW + at * HOUR)[0]
        for at, becomes in enumerate(news)
    ]
    match_articles(make_context(States()), ids)
    rows = all_of(db, alert.c.episode, alert.c.becomes, alert.c.closed_at.is_(None), order=alert.c.episode)
    assert rows == [(1, "in_force", False), (2, "ended", False), (3, "in_force", False), (4, "ended", True)]
    assert count(db, delivery.c.id) == 4
    bodies = [json.loads(body) for (body,) in all_of(db, delivery.c.body, order=delivery.c.seq)]
    assert [body["data"]["alert"]["episode"] for body in bodies] == [1, 2, 3, 4]
    match_articles(make_context(States()), add_articles(db, ["embargo in_force"], prefix="old", published_at=NOW))
    assert count(db, match.c.id, match.c.why == OLDER) == 1


def test_the_same_article_in_a_restored_ledger_gives_the_same_ids(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a")])
    ids = add_articles(db, ["embargo"])
    match_articles(make_context(), ids)
    before = all_of(db, delivery.c.id, delivery.c.message_id, order=delivery.c.id)
    with db.write() as connection:
        for table in (delivery, message, match, alert):
            connection.execute(table.delete())
        connection.execute(update(article).values(evaluated_at=None, match_tries=0))
    match_articles(make_context(), ids)
    assert all_of(db, delivery.c.id, delivery.c.message_id, order=delivery.c.id) == before


def test_only_what_a_filter_lets_pass_is_delivered(db: Database, make_context: Make) -> None:
    deaf = [Filter(rules=("x.*",)), Filter(rules=("*",), level="critical"), Filter(rules=("*",), tiers=("official",))]
    subscriptions = [hook("http://127.0.0.1:1/a", f"deaf{n}", filter=one) for n, one in enumerate(deaf)]
    sync(db, [*subscriptions, hook("http://127.0.0.1:1/a", "all", filter=Filter(rules=("*",), tags=("energy",)))])
    match_articles(make_context(), add_articles(db, ["embargo"]))
    assert all_of(db, delivery.c.subscription_id, order=delivery.c.id) == [("all",)]


def test_a_removed_subscription_gets_nothing_new_and_counts_on_when_it_comes_back(
    db: Database, make_context: Make
) -> None:
    one: list[Subscription] = [hook("http://127.0.0.1:1/a")]
    for round, declared in enumerate([one, [], one]):
        sync(db, declared)
        match_articles(make_context(), add_articles(db, ["embargo"], prefix=f"r{round}-"))
    assert all_of(db, delivery.c.seq, order=delivery.c.seq) == [(1,), (2,)]


def test_a_worker_that_stops_gives_its_articles_back_untried(db: Database, make_context: Make) -> None:
    ids = add_articles(db, ["embargo", "embargo"])
    context = make_context()

    class Stops(Words):
        def match(self, article: Article) -> tuple[Match, ...]:
            context.stopping.set()
            return super().match(article)

    stops = Stops()
    context = make_context(stops)
    assert match_articles(context, ids) == 1
    assert all_of(db, article.c.match_tries, article.c.lease_owner, order=article.c.id) == [(1, None), (0, None)]


def test_the_bell_rings_for_what_is_to_be_delivered(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a")])
    bell = Silent()
    match_articles(make_context(doorbell=bell), add_articles(db, ["embargo"]))
    assert [(id,) for id in bell.deliveries] == all_of(db, delivery.c.id, order=delivery.c.id)


def together(work: Callable[[Context], object], contexts: list[Context]) -> None:
    """Run *work* in a thread for each context, and fail where one fails."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(contexts))

    def run(context: Context) -> None:
        barrier.wait()
        try:
            work(context)
        except BaseException as error:  # noqa: BLE001  # shown by the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(context,)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
