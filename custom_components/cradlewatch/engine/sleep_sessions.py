"""Sleep sessions: stretches of sleep, the wakings between them, and sums over them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

type Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepSession:
    """One sleep: stretches without a waking, in order. `end_at` None while it goes on."""

    start_at: datetime
    end_at: datetime | None = None
    stretches: tuple[Span, ...] = ()
    asleep_since_at: datetime | None = None
    """Start of the stretch that goes on, None while awake in between."""

    @property
    def wakings(self) -> int:
        """Times awake between two stretches."""
        return max(0, len(self.stretches) + (self.asleep_since_at is not None) - 1)

    def spans(self, now_at: datetime) -> tuple[Span, ...]:
        """All stretches, the one that goes on up to now."""
        if self.asleep_since_at is None or now_at <= self.asleep_since_at:
            return self.stretches
        return (*self.stretches, (self.asleep_since_at, now_at))

    def asleep(self, now_at: datetime) -> timedelta:
        """Time asleep."""
        return sum((end - start for start, end in self.spans(now_at)), timedelta())

    def longest(self, now_at: datetime) -> timedelta:
        """Longest stretch."""
        return max((end - start for start, end in self.spans(now_at)), default=timedelta())

    def woken(self, at: datetime) -> SleepSession:
        """Awake from `at` on."""
        if self.asleep_since_at is None:
            return self
        span = (self.asleep_since_at, max(at, self.asleep_since_at))
        return replace(self, stretches=(*self.stretches, span), asleep_since_at=None)

    def slept(self, at: datetime) -> SleepSession:
        """Asleep again from `at` on."""
        return self if self.asleep_since_at is not None else replace(self, asleep_since_at=at)

    def ended(self) -> SleepSession:
        """Over: its end is the end of its last stretch."""
        return replace(self, end_at=self.stretches[-1][1] if self.stretches else self.start_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepSummary:
    """Sums of the sleep within a span of time."""

    asleep: timedelta
    longest: timedelta
    wakings: int
    sessions: int


def summarise(sessions: Iterable[SleepSession], start_at: datetime, end_at: datetime, now_at: datetime) -> SleepSummary:
    """Sleep between two moments (today, last night): stretches are cut at them."""
    asleep, longest, wakings, count = timedelta(), timedelta(), 0, 0
    for session in sessions:
        inside = [
            (max(start, start_at), min(end, end_at))
            for start, end in session.spans(min(now_at, end_at))
            if start < end_at and end > start_at
        ]
        if not inside:
            continue
        count += 1
        wakings += len(inside) - 1
        asleep += sum((end - start for start, end in inside), timedelta())
        longest = max(longest, *(end - start for start, end in inside))
    return SleepSummary(asleep=asleep, longest=longest, wakings=wakings, sessions=count)
