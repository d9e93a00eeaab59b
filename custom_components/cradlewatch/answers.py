"""What is known of a crib, as plain data with times: for Assist. Unknown is said, never left out."""

from collections import Counter
from datetime import timedelta
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .data import CradlewatchConfigEntry
from .engine.models import EventKind, Link, MonitorEvent, Sleep, Status
from .engine.sleep_sessions import SleepSession, summarise
from .monitor import CribMonitor
from .phrases import words_of
from .report import async_events

EVENTS_MAX = 50


@callback
def exposed_cribs(hass: HomeAssistant, assistant: str | None) -> dict[str, CribMonitor]:
    """Cribs by name of which the assistant may know: at least one of their entities is exposed to it."""
    registry = er.async_get(hass)
    entries: list[CradlewatchConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    found: dict[str, CribMonitor] = {}
    for entry in entries:
        if entry.state is not ConfigEntryState.LOADED:
            continue
        rows = er.async_entries_for_config_entry(registry, entry.entry_id)
        for crib_id, monitor in entry.runtime_data.cribs.items():
            ids = [row.entity_id for row in rows if row.config_subentry_id == crib_id]
            if assistant is None or any(async_should_expose(hass, assistant, entity_id) for entity_id in ids):
                found[monitor.config.name] = monitor
    return found


def status(monitor: CribMonitor) -> dict[str, Any]:
    """What is known now."""
    state = monitor.coordinator.data
    safety = state.safety
    since = _since(monitor.insight.sessions, state.sleep)
    return {
        "crib": monitor.config.name,
        "camera": "private" if state.privacy else ("live" if state.link is Link.LIVE else "no picture"),
        "sleep": state.sleep.value if state.sleep else "unknown",
        "sleep_since": since,
        "crying": _known(state.crying),
        "child_in_view": _known(state.occupancy),
        "safety": safety.safety.value if safety.safety else "unknown",
        "safety_unknown_because": safety.reason,
        "attention_needed": _known(safety.attention),
        "last_event": state.last_event_title,
        "note": "unknown does not mean safe; this is not a medical device",
    }


async def async_history(monitor: CribMonitor, hours: float, kinds: list[EventKind] | None = None) -> dict[str, Any]:
    """Incidents and sleep of the last `hours`. Raises HomeAssistantError where the store cannot be read."""
    end = dt_util.utcnow()
    start = end - timedelta(hours=hours)
    events = await async_events(monitor, start=start, end=end, kinds=kinds, limit=500)
    real = [event for event in events if event.status is not Status.DISMISSED and event.kind is not EventKind.TEST]
    slept = summarise(monitor.insight.sessions, start, end, end)
    return {
        "crib": monitor.config.name,
        "from": _local(start),
        "to": _local(end),
        "counts": dict(Counter(event.kind.value for event in real)),
        "events": [_row(monitor, event) for event in real[-EVENTS_MAX:]],
        "sleep_minutes": round(slept.asleep.total_seconds() / 60),
        "longest_sleep_minutes": round(slept.longest.total_seconds() / 60),
        "wakings": slept.wakings,
        "picture_lost_minutes": round(_lost(real, end).total_seconds() / 60),
    }


async def async_last(monitor: CribMonitor, kind: EventKind) -> MonitorEvent | None:
    """The newest incident of a kind. Raises HomeAssistantError where the store cannot be read."""
    # async_events reverses to oldest first; the store hands out the newest ones.
    events = await async_events(monitor, kinds=[kind], limit=20)
    real = [event for event in events if event.status is not Status.DISMISSED]
    return real[-1] if real else None


def _lost(events: list[MonitorEvent], now_at: Any) -> timedelta:
    lost = [event for event in events if event.kind is EventKind.CAMERA_LOST]
    return sum(((event.ended_at or now_at) - event.started_at for event in lost), timedelta())


def _row(monitor: CribMonitor, event: MonitorEvent) -> dict[str, Any]:
    said = words_of(monitor.hass, event, monitor.config.name)
    return {
        "kind": event.kind.value,
        "title": said.title,
        "began": _local(event.started_at),
        "ended": _local(event.ended_at) if event.ended_at else None,
        "severity": event.severity.value,
        "status": event.status.value,
        "said_by": event.provider,
    }


def _since(sessions: tuple[SleepSession, ...], sleep: Sleep | None) -> str | None:
    if not sessions or sleep is None:
        return None
    last = sessions[-1]
    if sleep is Sleep.ASLEEP and last.asleep_since_at:
        return _local(last.asleep_since_at)
    if sleep is Sleep.AWAKE and last.stretches:
        return _local(last.stretches[-1][1])
    return None


def _known(value: bool | None) -> str:
    return "unknown" if value is None else ("yes" if value else "no")


def _local(at: Any) -> str:
    return dt_util.as_local(at).isoformat(timespec="minutes")
