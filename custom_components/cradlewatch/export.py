"""Incidents of a crib as CSV text."""

from dataclasses import dataclass, replace
from datetime import datetime

from homeassistant.util import dt as dt_util

from .engine.export import csv_text
from .engine.models import EventKind, MonitorEvent, Phase
from .monitor import CribMonitor
from .phrases import words_of
from .report import async_events

ROWS_MAX = 10_000
COLUMNS = (
    "event_id",
    "event_type",
    "started_at",
    "ended_at",
    "severity",
    "status",
    "title",
    "description",
    "action_needed",
    "provider",
    "score",
    "zone",
    "end_reason",
    "clip",
    "snapshot",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuery:
    """Which incidents. Raises ValueError for a kind that is none."""

    start: datetime | None = None
    end: datetime | None = None
    kinds: tuple[str, ...] | None = None
    limit: int = ROWS_MAX

    def __post_init__(self) -> None:
        for kind in self.kinds or ():
            EventKind(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The text, and whether the newest `limit` rows were not all."""

    csv: str
    rows: int
    truncated: bool


async def async_export(monitor: CribMonitor, query: ExportQuery) -> Export:
    """Oldest first; of too many the newest. Raises HomeAssistantError where the store cannot be read."""
    kinds = None if query.kinds is None else [EventKind(kind) for kind in query.kinds]
    limit = min(query.limit, ROWS_MAX)
    events = await async_events(monitor, start=query.start, end=query.end, kinds=kinds, limit=limit)
    # Ten thousand rows take a while to word and write: not on the event loop.
    text = await monitor.hass.async_add_executor_job(
        lambda: csv_text(COLUMNS, [_row(monitor, event) for event in events])
    )
    return Export(csv=text, rows=len(events), truncated=len(events) >= limit)


def _row(monitor: CribMonitor, event: MonitorEvent) -> dict[str, object]:
    said = words_of(monitor.hass, replace(event, phase=Phase.OPENED), monitor.config.name)
    ended_at = event.ended_at
    return {
        "event_id": event.event_id,
        "event_type": event.kind.value,
        "started_at": dt_util.as_local(event.started_at).isoformat(),
        "ended_at": dt_util.as_local(ended_at).isoformat() if ended_at else None,
        "severity": event.severity.value,
        "status": event.status.value,
        "title": said.title,
        "description": said.description,
        "action_needed": event.action_needed,
        "provider": event.provider,
        "score": event.score,
        "zone": event.zone,
        "end_reason": event.end_reason,
        "clip": event.clip,
        "snapshot": event.snapshot,
    }
