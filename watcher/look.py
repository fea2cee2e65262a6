"""One look at a feed: what was known before it, and what follows from that. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from store.feeds import FeedState
from watcher import schedule
from watcher.fetch import Validators
from watcher.health import Patience
from watcher.moved import Moved

NEVER = 2**62
"""Before this instant everything is: nothing of a first fetch alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a feed: its state before, and when (microseconds UTC)."""

    state: FeedState
    now: int
    patience: Patience = field(default_factory=Patience)

    @property
    def asked(self) -> str:
        """The address that is asked: the declared one, or where it has moved to for good."""
        return self.state.fetch_from or self.state.feed.url

    @property
    def seed(self) -> str:
        """What chance is taken from: another number for each look at each feed."""
        return f"{self.state.id}{self.now}"

    @property
    def moved(self) -> Moved:
        """What is known of a new address."""
        state = self.state
        return Moved(to=state.moved_to, count=state.moved_count, since_at=state.moved_since_at)

    @property
    def every_s(self) -> int | None:
        """The declared interval in seconds; None for "auto"."""
        every = self.state.feed.every
        return int(every) if re.fullmatch(r"\d{1,9}", every) else None

    @property
    def limits(self) -> tuple[int, int] | None:
        """The limits declared for "auto", in seconds; None for the usual ones."""
        found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", self.state.feed.every)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def quiet_before(self) -> int | None:
        """Entries published before are kept quiet: given only until the first fetch has succeeded."""
        if self.state.first_success_at is not None:
            return None
        backfill_s = self.state.feed.backfill_s
        return self.now - backfill_s * 1_000_000 if backfill_s else NEVER

    @property
    def validators(self) -> Validators:
        """What to ask with: both validators, or (one look in a hundred) neither, to find out whether a server's "not
        modified" is true.
        """
        if schedule.one_in(100, self.seed):
            return Validators()
        return Validators(etag=self.state.etag, last_modified=self.state.last_modified)
