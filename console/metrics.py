"""Figures for Prometheus, counted in SQL when it asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from console.settings import ConsoleSettings
from console.visitors import may_read_metrics
from store.activity import Gauges, gauges
from store.services import ServiceSeen, seen
from workers import clock, watchdog

router = APIRouter()

_BEATS = {"clock": clock.LEADER_S, "watchdog": watchdog.LEADER_S}
"""Whoever leads renews its lease at every round: the round was so many seconds before its end."""

Labels = TypeVar("Labels", bound=tuple[str, ...])

KEEP_S = 5.0
"""A count is used again for this long, so that several scrapers cost no more than one."""


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(may_read_metrics)])
def show(request: Request) -> Response:
    """All figures in the text format."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)


def registry_of(console: ConsoleSettings) -> CollectorRegistry:
    """A registry of our own: nothing global, so that two applications in one process do not mix."""
    registry = CollectorRegistry()
    registry.register(_FromLedger(console))
    return registry


class _FromLedger(Collector):
    """Counts when it is asked, at most once in KEEP_S."""

    def __init__(self, console: ConsoleSettings) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._kept: list[GaugeMetricFamily] = []
        self._until = 0.0

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing beforehand: registering must not count."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures; where the database does not answer, that it does not."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._kept = list(_families(self._console))
                self._until = time.monotonic() + KEEP_S
            yield from self._kept


def _families(console: ConsoleSettings) -> Iterator[GaugeMetricFamily]:
    begin = time.perf_counter()
    yield _one("tocsin_info", "The version that runs.", {(console.version,): 1}, "version")
    try:
        counted, services = gauges(console.db), seen(console.db)
    except SQLAlchemyError:
        yield _one("tocsin_database_up", "Does the database answer?", {(): 0})
        return
    yield _one("tocsin_database_up", "Does the database answer?", {(): 1})
    yield from _counts(counted)
    yield from _configuration(counted)
    yield from _services(services)
    took = time.perf_counter() - begin
    yield _one("tocsin_metrics_collect_seconds", "How long counting took.", {(): took})


def _counts(counted: Gauges) -> Iterator[GaugeMetricFamily]:
    articles = {(state,): count for state, count in counted.articles.items()}
    yield _one("tocsin_articles", "Articles in the ledger by state.", articles, "state")
    yield _one("tocsin_alerts", "Alerts in the ledger by rule and level.", counted.alerts, "rule", "level")
    held = {(rule.rule_id,): rule.waiting for rule in counted.held}
    yield _one("tocsin_alerts_held", "Alerts that wait to be told, because their rule opened too many.", held, "rule")
    deliveries = {(status,): count for status, count in counted.deliveries.items()}
    yield _one("tocsin_deliveries", "Deliveries in the ledger by status.", deliveries, "status")
    feeds = {(status,): count for status, count in counted.feeds.items()}
    yield _one("tocsin_feeds", "Watched feeds by status.", feeds, "status")
    endpoints = {(state,): count for state, count in counted.endpoints.items()}
    yield _one("tocsin_endpoints", "Addresses by state; resting: their circuit breaker is open.", endpoints, "state")
    errors = {(error_class,): count for error_class, count in counted.feed_errors.items()}
    yield _one("tocsin_feeds_failing", "Watched feeds that fail, by the class of error.", errors, "error_class")
    troubles = {(trouble,): count for trouble, count in counted.feed_troubles.items()}
    yield _one("tocsin_feeds_in_trouble", "Watched feeds with a trouble that was told.", troubles, "trouble")
    late = "How long the longest waiting feed has been due."
    yield _one("tocsin_feed_oldest_due_seconds", late, {(): counted.oldest_check_s})
    due = "How long the longest waiting delivery has been due."
    yield _one("tocsin_delivery_oldest_due_seconds", due, {(): counted.oldest_due_s})
    unread = "How long the longest waiting article has waited to be matched."
    yield _one("tocsin_article_oldest_pending_seconds", unread, {(): counted.oldest_unread_s})
    leases = {(name,): left_s for name, left_s in counted.leases_s.items()}
    yield _one("tocsin_leader_lease_seconds", "How long a leadership still holds; below 0: lost.", leases, "name")
    leading = {name: s for name, s in _BEATS.items() if name in counted.leases_s}
    beats = {(name,): counted.at / 1_000_000 + counted.leases_s[name] - s for name, s in leading.items()}
    yield _one("tocsin_heartbeat_timestamp_seconds", "When it last did its round.", beats, "of")


def _configuration(counted: Gauges) -> Iterator[GaugeMetricFamily]:
    good = {(row["kind"],): float(not row["problems"]) for row in counted.configurations}
    yield _one("tocsin_config_last_reload_successful", "Was the newest version taken?", good, "kind")
    loaded = {(row["kind"],): row["loaded_at"] / 1_000_000 for row in counted.configurations}
    yield _one("tocsin_config_loaded_timestamp_seconds", "When what is in force was loaded.", loaded, "kind")
    hashes = {(row["kind"], row["hash"]): 1.0 for row in counted.configurations}
    yield _one("tocsin_config_info", "What is in force.", hashes, "kind", "hash")


def _services(services: Iterable[ServiceSeen]) -> Iterator[GaugeMetricFamily]:
    latest: dict[tuple[str, ...], float] = {}
    for one in services:
        latest[(one.kind,)] = min(one.ago_s, latest.get((one.kind,), one.ago_s))
    yield _one("tocsin_service_last_seen_seconds", "How long ago a process of the kind was alive.", latest, "service")


def _one(name: str, help: str, values: Mapping[Labels, float], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=labels)
    for of, value in sorted(values.items()):
        family.add_metric(list(of), value)
    return family
