"""The work services: processes that match and deliver, and one that keeps the clock."""

from __future__ import annotations

import signal
import threading

from store.database import Database
from store.services import start_beating
from store.subscriptions import Subscription
from tocsin import configuration as configured
from tocsin.reload import Reloading
from tocsin.secret import resolver
from tocsin.supervise import Service
from tocsin.wiring import LOOK_S, Wiring, refusal, rules_in_force
from workers.clock import Clock
from workers.context import Context
from workers.doorbell import Doorbell
from workers.smtp import SmtpServer
from workers.worker import run_worker


def clock_service(wiring: Wiring) -> Service:
    """Finds lost work, and takes over changed rules and subscriptions."""
    return Service("clock", lambda: _clock(wiring))


def worker_service(wiring: Wiring, number: int) -> Service:
    """Matches and delivers."""
    return Service(f"worker-{number}", lambda: _work(wiring, number))


def _clock(wiring: Wiring) -> None:
    stop = _stop_event()
    db = Database(wiring.settings.database)
    start_beating(db, "work")
    rules = rules_in_force(wiring, db)
    configured.apply_rules(db, rules())
    subscriptions: Reloading[tuple[Subscription, ...]] = Reloading(
        [wiring.folder.subscriptions],
        lambda: configured.load_subscriptions(wiring.folder, rules().rules),
        accepted=lambda value: configured.apply_subscriptions(db, value),
        refused=refusal(db, "subscriptions"),
    )
    configured.apply_subscriptions(db, subscriptions())
    clock = threading.Thread(target=Clock(db, Doorbell(wiring.redis_url)).run, args=(stop,), name="clock")
    clock.start()
    while not stop.wait(LOOK_S):
        rules()
        subscriptions()
    clock.join()


def _work(wiring: Wiring, number: int) -> None:
    settings = wiring.settings
    db = Database(settings.database)
    context = Context(
        db=db,
        doorbell=Doorbell(wiring.redis_url),
        rules=rules_in_force(wiring, None),
        secrets=resolver(settings.config),
        allow=wiring.allow,
        user_agent=wiring.user_agent,
        smtp=SmtpServer.parse(settings.smtp_url) if settings.smtp_url else None,
        mail_from=settings.sender,
        base_url=settings.link_base,
    )
    start_beating(db, "work")
    run_worker(context, wiring.redis_url, f"worker-{number}")


def _stop_event() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
