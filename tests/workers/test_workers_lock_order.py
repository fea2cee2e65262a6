"""Transactions that want the same rows of PostgreSQL wait for each other one way round, and never in a circle."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, Table, select, text, update
from sqlalchemy.exc import OperationalError

from rules.model import Emit
from store import evaluations, holding, unsubscribing
from store.commits import commit_fetch, commit_looks
from store.database import Database
from store.deliveries import exchange, release
from store.endpoints import bury_stranded
from store.feeds import Feed, FeedState, list_feeds, sync_feeds
from store.fetches import ArticleRow, Ended, FeedUpdate, FetchLog, Outcome
from store.hosts import Rest, rest_host
from store.leases import SECOND
from store.outbox import list_notices
from store.replaying import Choice, replay
from store.subscriptions import Filter, enable_endpoint, sync
from store.tables import article, delivery, endpoint, feed, host, subscription
from store.tries import Parcel, Tried
from store.turns import lease_due
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, hook
from tests.workers.test_workers_corrections import sound
from workers.channels import Delivered, Refused, TryAgain
from workers.context import Context
from workers.digesting import make_due
from workers.fate import tried_of
from workers.holding import let_go
from workers.matching import match_articles
from workers.noticing import tell_notices
from workers.recording import record
from workers.smtp import SmtpServer

URL, OTHER = "http://127.0.0.1:1/a", "http://127.0.0.1:1/b"
GONE = Refused(reason="410 Gone", code=410, disable_endpoint=True)


@pytest.fixture
def context(postgres_db: Database) -> Context:
    """Every alert is told, and owners can be told by mail."""
    words = Words()
    smtp = SmtpServer.parse("smtp://127.0.0.1:9")
    return Context(db=postgres_db, doorbell=Silent(), rules=lambda: words, secrets=secrets, smtp=smtp)


@pytest.fixture
def limited(context: Context) -> Context:
    """Two alerts of a rule are told in an hour."""
    return replace(context, rule_limit=2)


def tried(parcels: Sequence[Parcel], outcome: Delivered | Refused | TryAgain) -> list[Tried]:
    return [tried_of(one, outcome, 1, 3, 0.5) for one in parcels]


@contextmanager
def held(db: Database, table: Table, chosen: ColumnElement[bool]) -> Iterator[None]:
    """Rows that another transaction holds meanwhile."""
    with db.write() as connection:
        connection.execute(select(table).where(chosen).with_for_update(key_share=True)).all()
        yield


def waiters(connection: Connection) -> int:
    chosen = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return int(connection.execute(text(chosen)).scalar_one())


def all_wait(db: Database, count: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with db.read() as connection:
            if waiters(connection) >= count:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def run_behind(
    db: Database, table: Table, chosen: ColumnElement[bool], *works: Callable[[], object]
) -> list[Future[object]]:
    """Start all *works* behind rows that are held, let go when all of them wait; returns what became of them."""
    with ThreadPoolExecutor(len(works)) as pool:
        with held(db, table, chosen):
            found = [pool.submit(one) for one in works]
            all_wait(db, len(works))
        return found


def test_an_address_is_disabled_while_another_worker_records_a_try_there(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    sync(db, [hook(URL, "desk")])
    match_articles(context, add_articles(db, ["embargo"] * 4))
    one, other = exchange(db, "one", [], 1), exchange(db, "other", [], 1)
    found = run_behind(
        db,
        endpoint,
        endpoint.c.id.is_not(None),
        lambda: exchange(db, "one", tried(one, GONE), 0),
        lambda: exchange(db, "other", tried(other, Delivered(code=200)), 0),
    )
    assert [each.exception() for each in found] == [None, None]
    bury_stranded(db)
    assert sound(db)


def test_a_subscription_leads_elsewhere_while_a_worker_records_its_tries(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    sync(db, [hook(URL, f"desk{number}") for number in range(3)])
    match_articles(context, add_articles(db, ["embargo"] * 8))
    parcels = exchange(db, "one", [], 64)
    middle = sorted(one.id for one in parcels)[len(parcels) // 2]
    moved = [hook(OTHER, f"desk{number}", options={"rate": "100/s"}) for number in range(3)]
    found = run_behind(
        db,
        delivery,
        delivery.c.id == middle,
        lambda: exchange(db, "one", tried(parcels, TryAgain(reason="HTTP 503", code=503)), 0),
        lambda: sync(db, moved),
        lambda: sum(done.leave for done in replay(db, Choice(subscription_id="desk1"))),
        lambda: unsubscribing.unsubscribe(db, parcels[0].id),
        lambda: release(db, "one", [one.id for one in reversed(parcels)]),
    )
    assert [each.exception() for each in found] == [None] * 5
    assert sound(db)


def test_a_digest_whose_contents_somebody_holds_is_not_given_up_without_them(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    digest = {"hourly": True}
    sync(db, [hook(URL, "gone"), hook(URL, "desk", cadence=digest)])
    match_articles(context, add_articles(db, ["embargo"] * 12))
    with db.write() as connection:
        connection.execute(update(delivery).where(delivery.c.gather_at.is_not(None)).values(gather_at=1))
    make_due(context)
    with db.read() as connection:
        rows = connection.execute(
            select(delivery.c.id, delivery.c.digest_id)
            .where(delivery.c.subscription_id == "desk")
            .order_by(delivery.c.id)
        ).all()
    middle = next(row.id for row in rows[len(rows) // 2 :] if row.digest_id)
    parcel = next(one for one in exchange(db, "one", [], 64) if one.subscription_id == "gone")
    with ThreadPoolExecutor(1) as pool:
        with held(db, delivery, delivery.c.id == middle):
            moving = pool.submit(sync, db, [hook(URL, "gone"), hook(OTHER, "desk", cadence=digest)])
            all_wait(db, 1)  # some of the digest's rows are held by now, some are not
            exchange(db, "one", tried([parcel], GONE), 0)
        moving.result()
    bury_stranded(db)
    assert sound(db)


def test_whoever_notices_that_an_address_fails_waits_for_nobody_who_holds_subscriptions(
    postgres_db: Database, limited: Context
) -> None:
    db = postgres_db
    sync(db, [hook(URL, "desk"), hook(OTHER, "ops", filter=Filter(notices=("*",)))])
    match_articles(limited, add_articles(db, ["embargo"]))
    parcels = exchange(db, "one", [], 64)
    _failing_for_long(db)
    more = add_articles(db, ["embargo"] * 4, "b")
    with ThreadPoolExecutor(2) as pool:
        with held(db, subscription, subscription.c.id == "desk"):
            matching = pool.submit(match_articles, limited, more)
            all_wait(db, 1)  # it is about to say that the rule is held back
            exchange(db, "one", tried(parcels, TryAgain(reason="HTTP 503", code=503)), 0)
            telling = pool.submit(tell_notices, limited)
            all_wait(db, 2)
        assert [each.exception() for each in (matching, telling)] == [None, None]
    tell_notices(limited)
    assert {one["kind"]: len(one["told"]) for one in list_notices(db).notices} == {
        "endpoint.failing": 2,
        "rule.held": 1,
    }
    assert sound(db)


def test_an_alert_is_seen_again_while_somebody_matches_the_article_that_opened_it(
    postgres_db: Database, context: Context
) -> None:
    db, words = postgres_db, Words(emits={"embargo.ended": Emit(key=(("TARGET", "IR"),))})
    keyed = replace(context, rules=lambda: words)
    (opener, *others) = add_articles(db, ["embargo"] * 3)
    match_articles(keyed, [opener])
    with db.write() as connection:
        connection.execute(update(article).where(article.c.id == opener).values(evaluated_at=None))
    with ThreadPoolExecutor(1) as pool, db.write() as matching:
        evaluations.still_waiting(matching, {opener: 1})
        assert pool.submit(match_articles, keyed, others).result(timeout=5) == 2


def test_a_feed_that_corrects_articles_and_whoever_matches_them_take_them_one_way_round(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    ids = add_articles(db, ["embargo"] * 3)
    rows = evaluations.claim(db, ids, "one").rows
    state = _leased(db)
    corrected = _outcome(state, articles=tuple(_revised(id) for id in reversed(ids)))
    found = run_behind(
        db,
        article,
        article.c.id == ids[1],
        lambda: record(context, Words(), [(row, ()) for row in rows]),
        lambda: commit_fetch(db, "watcher", state, corrected, 1),
    )
    assert [each.exception() for each in found] == [None, None]


def test_hosts_that_ask_for_rest_at_once_are_taken_one_way_round(postgres_db: Database) -> None:
    db = postgres_db
    sync_feeds(db, [Feed(url=f"https://{n}.example/", name="One", outlet="example.org") for n in range(6)])
    names = ["a.example", "b.example", "c.example"]
    with db.write() as connection:
        for name in names:
            rest_host(connection, Rest(host=name, until_at=1, why="before"))
    leased = lease_due(db, "watcher", limit=6, lease_s=60, per_host=9).feeds
    pairs = list(zip(leased, [*names, *reversed(names)], strict=True))
    looks = [
        Ended(state=state, outcome=_outcome(state, rest=Rest(host=name, until_at=2 + number, why="429")), at=1)
        for number, (state, name) in enumerate(pairs)
    ]
    found = run_behind(
        db,
        host,
        host.c.name == names[1],
        lambda: commit_looks(db, "watcher", looks[:3]),
        lambda: commit_looks(db, "watcher", looks[3:]),
    )
    assert [set(each.result()) for each in found] == [{one.state.id for one in some} for some in (looks[:3], looks[3:])]


def _leased(db: Database) -> FeedState:
    """The one feed, held by "watcher"."""
    (state,) = lease_due(db, "watcher", limit=1, lease_s=60, per_host=1).feeds
    return state


def _outcome(state: FeedState, **changes: Any) -> Outcome:
    update = FeedUpdate(status="ok", failures=0, next_check_at=1, next_check_why="soon", interval_s=60, host=state.host)
    return Outcome(log=FetchLog(outcome="fetched"), update=update, **changes)


def _revised(id: str) -> ArticleRow:
    nothing: dict[str, Any] = dict.fromkeys(("url", "author", "lang", "published_at", "quiet"))
    return ArticleRow(
        id=id, revision=2, title="", text="", published_from="first_seen", content_hash="b", names=(), **nothing
    )


@pytest.mark.slow
def test_whoever_sends_matches_replays_and_configures_at_once_finds_no_circle(
    postgres_db: Database, limited: Context
) -> None:
    db = postgres_db
    context = replace(limited, rule_limit=5)
    sync(db, _subscriptions(URL))
    add_articles(db, ["nothing"])
    until = time.monotonic() + 6
    works = [_sender(db, 1), _sender(db, 2), _matcher(db, context), _operator(db, 3), _watcher(db, 4)]
    works += [lambda: make_due(context), _teller(context)]

    def repeat(work: Callable[[], object]) -> int:
        times = 0
        while time.monotonic() < until:
            work()
            times += 1
        return times

    with ThreadPoolExecutor(len(works)) as pool:
        assert all(times > 0 for times in pool.map(repeat, works))
    bury_stranded(db)
    assert sound(db)
    assert _deadlocks(db) == 0
    assert {one["kind"].partition(".")[0] for one in list_notices(db).notices} == {"endpoint", "rule"}


def _subscriptions(url: str) -> list[object]:
    digest = {"hourly": True}
    return [hook(url, "a"), hook(URL, "b"), hook(OTHER, "c", options={"rate": "900/s"}), hook(url, "d", cadence=digest)]


def _sender(db: Database, seed: int) -> Callable[[], object]:
    chance = random.Random(seed)  # noqa: S311
    outcomes = (Delivered(code=200), TryAgain(reason="HTTP 503", code=503), GONE)
    ended: list[Tried] = []

    def turn() -> None:
        parcels = exchange(db, f"sender-{seed}", ended, 8)
        ended[:] = [tried_of(one, chance.choice(outcomes), 1, 3, 0.5) for one in parcels]

    return turn


def _matcher(db: Database, context: Context) -> Callable[[], object]:
    prefixes = iter(range(1_000_000))
    return lambda: match_articles(context, add_articles(db, ["embargo"] * 5, f"a{next(prefixes)}-"))


def _watcher(db: Database, seed: int) -> Callable[[], object]:
    """Corrects two of the latest articles."""
    chance = random.Random(seed)  # noqa: S311
    with db.write() as connection:
        connection.execute(update(feed).values(lease_owner="watcher"))
    state = list_feeds(db)[0]

    def look() -> None:
        with db.read() as connection:
            latest = connection.scalars(select(article.c.id).order_by(article.c.id.desc()).limit(12)).all()
        corrected = tuple(_revised(id) for id in chance.sample(latest, min(2, len(latest))))
        commit_fetch(db, "watcher", state, _outcome(state, articles=corrected), 1)
        with db.write() as connection:
            connection.execute(update(feed).values(lease_owner="watcher"))

    return look


def _teller(context: Context) -> Callable[[], object]:
    """It asks again where it had to wait, as the clock does."""

    def tell() -> None:
        with suppress(OperationalError):
            tell_notices(context)
            let_go(context)

    return tell


def _failing_for_long(db: Database) -> None:
    """What has failed has failed for three days by now."""
    with db.write() as connection:
        since = db.now(connection) - 3 * 86_400 * SECOND
        chosen = endpoint.c.id.in_(select(endpoint.c.id).order_by(endpoint.c.id).with_for_update(key_share=True))
        connection.execute(update(endpoint).where(chosen).values(failures=5, failing_since_at=since))


def _operator(db: Database, seed: int) -> Callable[[], object]:
    chance = random.Random(seed)  # noqa: S311

    def act() -> None:
        chance.choice(
            [
                lambda: sync(db, _subscriptions(chance.choice((URL, OTHER)))),  # type: ignore[arg-type]
                lambda: [enable_endpoint(db, "webhook", url) for url in (URL, OTHER)],
                lambda: list(replay(db, Choice(died_since_at=0))),
                lambda: _failing_for_long(db),
                lambda: holding.release(db, "embargo.ended", "Ana"),
                lambda: bury_stranded(db),
            ]
        )()

    return act


def _deadlocks(db: Database) -> int:
    with db.read() as connection:
        chosen = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.execute(text(chosen)).scalar_one())
