"""The report of a window from the detectors alone: what was raised and when, no judgement, no score."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..models import MonitorEvent
from .bounds import Window
from .report import Span, TimelineEntry, WindowReport

_ENTRIES_MAX = 60
_MOMENT = timedelta(milliseconds=1)


def local_report(
    window: Window,
    *,
    coverage: float,
    events: Sequence[MonitorEvent],
    sleep: Sequence[Span] = (),
    made_at: datetime,
) -> WindowReport:
    """The report of provider `local`. An entry's `what` is the event's kind: the glue words it."""
    inside = [event for event in events if event.started_at < window.end_at and _end(event, window) > window.start_at]
    inside.sort(key=lambda event: event.started_at)
    timeline = tuple(
        TimelineEntry(
            entry_id=f"t{number}",
            start_s=_offset_s(event.started_at, window),
            end_s=_offset_s(_end(event, window), window),
            what=event.kind.value,
        )
        for number, event in enumerate(inside[:_ENTRIES_MAX], start=1)
    )
    return WindowReport(
        provider="local",
        model=None,
        made_at=made_at,
        start_at=window.start_at,
        end_at=window.end_at,
        coverage=coverage,
        # Detectors do not know whether they see a child.
        child_visibility="unclear",
        summary=(),
        timeline=timeline,
        sleep=tuple(sleep),
        score=None,
    )


def _end(event: MonitorEvent, window: Window) -> datetime:
    """Its end; what is still on reaches to the end of the window. A moment lasts long enough to lie inside."""
    if event.ended_at is None:
        return window.end_at
    return max(event.ended_at, event.started_at + _MOMENT)


def _offset_s(at: datetime, window: Window) -> float:
    return min(max(0.0, (at - window.start_at).total_seconds()), window.length_s)
