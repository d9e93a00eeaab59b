"""What the parent says of findings: real, or a false alarm. It tunes thresholds by hour of the day, within bounds.

Everything is computed from the entries that are kept, so that undo is just to forget one. Clock-free.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ..models import EventKind, Severity

OFFSET_MAX = 0.15
"""A threshold moves by no more than this."""
_STEP = 0.03
_KEPT = 500
_COUNTS_FOR = timedelta(days=30)
_MUTED_FOR = timedelta(hours=1)
_NEIGHBOUR_HOUR = 0.5
_TOLD_FROM = 3
"""A prompt is told of a kind from this many answers on."""


class Label(StrEnum):
    """The parent's word; also the values of the action and of notification buttons."""

    REAL = "real"
    FALSE_ALARM = "false_alarm"
    IGNORE_HOUR = "ignore_hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackEntry:
    """One word about one incident."""

    event_id: str
    kind: EventKind
    label: Label
    at: datetime
    """Local time of the incident."""
    confirmed_danger: bool = False
    """A model had confirmed it as danger: then a "false alarm" is noted, but raises no bar."""


class FeedbackBook:
    """The feedback on one crib. One thread only."""

    def __init__(self) -> None:
        self._entries: dict[str, FeedbackEntry] = {}
        self._undone_dangers: set[str] = set()
        """Confirmed by a model, and the word about them taken back: a new word about them raises no bar either."""

    def give(self, entry: FeedbackEntry) -> FeedbackEntry | None:
        """Note a word; returns the one it replaces. Only the newest 500 are kept."""
        before = self._entries.pop(entry.event_id, None)
        if entry.event_id in self._undone_dangers or (before is not None and before.confirmed_danger):
            # The first word made the incident a person's; what a model had confirmed of it stays so.
            entry = replace(entry, confirmed_danger=True)
        self._entries[entry.event_id] = entry
        while len(self._entries) > _KEPT:
            del self._entries[next(iter(self._entries))]
        return before

    def undo(self, event_id: str) -> bool:
        """Forget the word about an incident; False where there was none."""
        before = self._entries.pop(event_id, None)
        if before is not None and before.confirmed_danger:
            self._undone_dangers.add(event_id)
        return before is not None

    def offset(self, kind: EventKind, local_now: datetime) -> float:
        """What to add to the threshold of `kind` at this hour: above 0 after false alarms, below after real ones."""
        total = 0.0
        for entry in self._of(kind, local_now):
            if entry.label is Label.FALSE_ALARM and not entry.confirmed_danger:
                total += _STEP * _weight(entry.at.hour, local_now.hour)
            elif entry.label is Label.REAL:
                total -= _STEP * _weight(entry.at.hour, local_now.hour)
        return max(-OFFSET_MAX, min(OFFSET_MAX, total))

    def precision(self, kind: EventKind, local_now: datetime) -> float | None:
        """Share of the judged findings of the last 30 days that were real; None where none was judged."""
        labels = [entry.label for entry in self._of(kind, local_now) if entry.label is not Label.IGNORE_HOUR]
        return labels.count(Label.REAL) / len(labels) if labels else None

    def muted(self, kind: EventKind, severity: Severity, local_now: datetime) -> bool:
        """True while the parent wants no notification of `kind`. Danger is never muted."""
        if severity is Severity.DANGER:
            return False
        return any(
            entry.label is Label.IGNORE_HOUR and timedelta() <= local_now - entry.at < _MUTED_FOR
            for entry in self._of(kind, local_now)
        )

    def prompt_lines(self, local_now: datetime) -> tuple[str, ...]:
        """For the next prompts, a line for each kind that was judged often enough."""
        lines = []
        for kind in EventKind:
            labels = [entry.label for entry in self._of(kind, local_now) if entry.label is not Label.IGNORE_HOUR]
            false = labels.count(Label.FALSE_ALARM)
            if len(labels) >= _TOLD_FROM and false:
                lines.append(f"{false} of the last {len(labels)} findings of {kind.value} were false alarms")
        return tuple(lines)

    def to_json(self) -> list[dict[str, Any]]:
        """For the store."""
        return [
            {
                "event_id": entry.event_id,
                "kind": entry.kind.value,
                "label": entry.label.value,
                "at": entry.at.isoformat(),
                "confirmed_danger": entry.confirmed_danger,
            }
            for entry in self._entries.values()
        ]

    @classmethod
    def from_json(cls, stored: list[Mapping[str, Any]] | None) -> FeedbackBook:
        """The reverse.

        Raises:
            KeyError, ValueError, TypeError: not such data.
        """
        book = cls()
        for item in stored or []:
            book.give(
                FeedbackEntry(
                    event_id=str(item["event_id"]),
                    kind=EventKind(item["kind"]),
                    label=Label(item["label"]),
                    at=datetime.fromisoformat(item["at"]),
                    confirmed_danger=bool(item["confirmed_danger"]),
                )
            )
        return book

    def _of(self, kind: EventKind, local_now: datetime) -> Iterator[FeedbackEntry]:
        return (e for e in self._entries.values() if e.kind is kind and local_now - e.at < _COUNTS_FOR)


def _weight(hour: int, now_hour: int) -> float:
    """How much a word about one hour says of another."""
    apart = min((hour - now_hour) % 24, (now_hour - hour) % 24)
    return {0: 1.0, 1: _NEIGHBOUR_HOUR}.get(apart, 0.0)
