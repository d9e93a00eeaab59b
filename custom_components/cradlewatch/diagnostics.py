"""What helps to find a fault, without anything secret or of the child."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .const import (
    CONF_ALERT_QUIET_ENTITIES,
    CONF_ALERT_QUIET_ROOM,
    CONF_API_KEY,
    CONF_BASE_URL,
    CONF_BIRTHDATE,
    CONF_DETECTION_SOURCE,
    CONF_RULES,
    CONF_SOURCE,
    VERSION,
)
from .coordinator import CribState
from .data import CradlewatchConfigEntry
from .monitor import CribMonitor

_SECRET = {
    *(CONF_API_KEY, CONF_BASE_URL, CONF_BIRTHDATE, CONF_RULES, "title", "name"),
    *(CONF_ALERT_QUIET_ENTITIES, CONF_ALERT_QUIET_ROOM),
}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: CradlewatchConfigEntry) -> dict[str, Any]:
    """For the parent to read and send."""
    data = entry.runtime_data
    return {
        "version": VERSION,
        "entry": async_redact_data(dict(entry.data), _SECRET),
        "options": async_redact_data(dict(entry.options), _SECRET),
        "cribs": [_crib(monitor) for monitor in data.cribs.values()],
        "reports": data.reports.figures(),
        "alerts": data.alerts.figures(),
        "home": asdict(data.analyst.coordinator.data),
        "ai": data.analyst.figures(),
        "store": {
            "failing": data.store.failing,
            "writes_failed": data.store.writes_failed,
            "writes_dropped": data.store.writes_dropped,
        },
    }


def _crib(monitor: CribMonitor) -> dict[str, Any]:
    settings = dict(monitor.config.source_data)
    for key in (CONF_SOURCE, CONF_DETECTION_SOURCE):
        if source := settings.get(key):
            settings[key] = _kind_of(source)
    return {
        "source": settings,
        "zones": len(monitor.config.zones),
        "state": _state(monitor.coordinator.data),
        "figures": monitor.figures(),
        "windows": monitor.windows.figures(),
        "open": [kind.value for kind in sorted(monitor.tracker.active_kinds)],
        "failure_detail": monitor.judge.failure_detail,
    }


def _kind_of(source: str) -> str:
    """Scheme of an address, first folder of a path: no host, user, password or name."""
    scheme = urlsplit(source).scheme if ":" in source else ""
    return f"{scheme}:**REDACTED**" if scheme else "/**REDACTED**"


def _state(state: CribState) -> dict[str, Any]:
    """The state without words: they are about a child."""
    plain = asdict(state)
    plain.pop("last_event_title")
    plain["report"] = state.report is not None
    event = state.last_event
    plain["last_event"] = {"kind": event.kind, "phase": event.phase, "status": event.status} if event else None
    for key in ("title", "description", "concerns", "action_needed"):
        plain["safety"].pop(key)
    return plain
