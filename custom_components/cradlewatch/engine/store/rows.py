"""Between values and rows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from ..models import EventKind, MonitorEvent, Phase, Severity, Status, Verdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAME = ("event_id", "provider", "score", "zone", "title", "description", "action_needed", "end_reason", "clip")
VERDICT = TypeAdapter(Verdict)


def to_us(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime, exact."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """The aware UTC datetime of `to_us`."""
    return _EPOCH + timedelta(microseconds=us)


def incident_row(crib_id: str, event: MonitorEvent) -> dict[str, Any]:
    """The row of `incidents` for the state that `event` tells."""
    return {
        **{name: getattr(event, name) for name in (*_SAME, "snapshot")},
        "crib_id": crib_id,
        "kind": event.kind.value,
        "phase": event.phase.value,
        "severity": event.severity.value,
        "status": event.status.value,
        "started_us": to_us(event.started_at),
        "changed_us": to_us(event.changed_at),
        "ended_us": None if event.ended_at is None else to_us(event.ended_at),
        "notable": int(event.notable),
    }


def change_row(crib_id: str, event: MonitorEvent) -> dict[str, Any]:
    """The row of `changes` for one phase."""
    return {
        "event_id": event.event_id,
        "crib_id": crib_id,
        "at_us": to_us(event.changed_at),
        "phase": event.phase.value,
        "severity": event.severity.value,
        "status": event.status.value,
        "provider": event.provider,
        "notable": int(event.notable),
    }


def event_of(row: Mapping[Any, Any]) -> MonitorEvent:
    """The value that a row of `incidents` holds."""
    return MonitorEvent(
        **{name: row[name] for name in (*_SAME, "snapshot")},
        kind=EventKind(row["kind"]),
        phase=Phase(row["phase"]),
        severity=Severity(row["severity"]),
        status=Status(row["status"]),
        started_at=from_us(row["started_us"]),
        changed_at=from_us(row["changed_us"]),
        ended_at=None if row["ended_us"] is None else from_us(row["ended_us"]),
        notable=bool(row["notable"]),
    )
