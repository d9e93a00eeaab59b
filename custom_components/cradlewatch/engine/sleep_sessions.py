"""Sleep sessions: stretches of sleep, the wakings between them, and sums over them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

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

    def cut(self, at: datetime) -> SleepSession | None:
        """Only what was before `at`; None where that is nothing. A sleep that went on then ends at `at`."""
        if self.start_at >= at:
            return None
        known = self.woken(max(at, self.asleep_since_at)) if self.asleep_since_at is not None else self
        spans = tuple((start, min(end, at)) for start, end in known.stretches if start < at)
        if spans == self.stretches and self.asleep_since_at is None:
            return self
        return replace(self, end_at=None, stretches=spans, asleep_since_at=None)

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


def session_to_json(session: SleepSession) -> dict[str, Any]:
    """All of it as JSON values."""
    return {
        "start_at": time_to_json(session.start_at),
        "end_at": time_to_json(session.end_at),
        "asleep_since_at": time_to_json(session.asleep_since_at),
        "stretches": [[time_to_json(start), time_to_json(end)] for start, end in session.stretches],
    }


def session_from_json(item: Mapping[str, Any]) -> SleepSession:
    """The way back. Raises KeyError, TypeError, ValueError for anything else."""
    return SleepSession(
        start_at=_known(item["start_at"]),
        end_at=time_from_json(item["end_at"]),
        asleep_since_at=time_from_json(item["asleep_since_at"]),
        stretches=tuple((_known(start), _known(end)) for start, end in item["stretches"]),
    )


def time_to_json(at: datetime | None) -> str | None:
    """ISO 8601, None for none."""
    return at.isoformat() if at is not None else None


def time_from_json(text: Any) -> datetime | None:
    """The way back. Raises TypeError, ValueError; a time without a zone is none."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def _known(text: Any) -> datetime:
    at = time_from_json(text)
    if at is None:
        raise ValueError("a time is missing")
    return at
