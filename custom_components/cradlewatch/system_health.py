"""What Home Assistant's system page says of us."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration, async_check_can_reach_url
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import CONF_PROVIDER, DOMAIN, VERSION, ProviderName
from .data import CradlewatchConfigEntry
from .engine.detectors.backend import choose_backend
from .engine.models import Link

GEMINI_URL = "https://generativelanguage.googleapis.com/"


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Called by Home Assistant."""
    register.async_register_info(async_system_info)


async def async_system_info(hass: HomeAssistant) -> dict[str, Any]:
    """Figures that a bug report needs; no names, no addresses."""
    entries: list[CradlewatchConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    info: dict[str, Any] = {"version": VERSION, "vision_backend": await hass.async_add_executor_job(_vision_backend)}
    if not entries:
        return info
    entry = entries[0]
    info["provider"] = entry.data[CONF_PROVIDER]
    if entry.state is ConfigEntryState.LOADED:
        states = [monitor.coordinator.data for monitor in entry.runtime_data.cribs.values()]
        info["cribs"] = len(states)
        info["cribs_live"] = sum(state.link is Link.LIVE for state in states)
        info["cribs_private"] = sum(state.privacy for state in states)
    if entry.data[CONF_PROVIDER] == ProviderName.GEMINI:
        info["can_reach_gemini"] = async_check_can_reach_url(hass, GEMINI_URL)
    return info


def _vision_backend() -> str:
    # OpenCV may take a second to import.
    return choose_backend().name
