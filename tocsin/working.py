"""The work service: processes that match and deliver. Each has the clock as a thread; one of them leads, by lease."""

from __future__ import annotations

import threading
import time
from typing import Any

from rules import RuleSet
from store.database import Database
from store.services import start_beating
from store.subscriptions import Subscription
from tocsin.reload import Reloading
from tocsin.secret import resolver
from tocsin.settings import Settings
from tocsin.supervise import Service
from tocsin.wiring import LOOK_S, Wiring, rules_in_force, subscriptions_in_force
from workers.clock import start_clock
from workers.context import Context
from workers.digesting import make_due
from workers.doorbell import Doorbell
from workers.holding import let_go
from workers.noticing import tell_notices
from workers.smtp import SmtpServer
from workers.watchdog import Duties, start_watchdog
from workers.worker import run_worker


def worker_service(wiring: Wiring, number: int) -> Service:
    """Matches and delivers, keeps the clock, and takes over changed rules and subscriptions."""
    return Service(f"worker-{number}", lambda: _work(wiring, number))


def _work(wiring: Wiring, number: int) -> None:
    settings = wiring.settings
    db = Database(settings.database)
    rules = rules_in_force(wiring, db)
    subscriptions = subscriptions_in_force(wiring, db, rules)
    _configure(rules, subscriptions)
    context = Context(
        db=db,
        doorbell=Doorbell(wiring.redis_url),
        rules=rules,
        secrets=resolver(settings.config),
        allow=wiring.allow,
        user_agent=wiring.user_agent,
        smtp=SmtpServer.parse(settings.smtp_url) if settings.smtp_url else None,
        mail_from=settings.sender,
        base_url=settings.link_base,
        rule_limit=settings.rule_limit,
    )
    start_beating(db, "work")
    tell = (lambda: tell_notices(context), lambda: let_go(context), lambda: make_due(context))
    start_clock(db, context.doorbell, context.stopping, *tell)
    start_watchdog(db, _duties(settings), context.stopping)
    keeping = (rules, subscriptions, context.stopping)
    threading.Thread(target=_keep_configured, args=keeping, daemon=True).start()
    run_worker(context, wiring.redis_url, f"worker-{number}")


def _duties(settings: Settings) -> Duties:
    return Duties(keep=settings.keep if settings.prunes_daily else None)


def _configure(*kinds: Reloading[Any]) -> None:
    """Record what is in force before anything else is done, however long the ledger is away: what was matched or
    noticed before its receivers are known would be told to nobody.
    """
    for kind in kinds:
        kind()
        while not kind.is_taken:
            time.sleep(LOOK_S)
            kind()


def _keep_configured(
    rules: Reloading[RuleSet], subscriptions: Reloading[tuple[Subscription, ...]], stop: threading.Event
) -> None:
    """Take over what changes. All workers do so: writing the same twice is harmless."""
    while not stop.wait(LOOK_S):
        rules()
        subscriptions()
