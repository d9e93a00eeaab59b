"""Offers a dashboard of its own: chosen under Settings > Dashboards, made by the browser from what is there."""

from pathlib import Path

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant

from .const import VERSION

_FOLDER = Path(__file__).parent / "frontend"
_URL = "/cradlewatch_static"
_SCRIPT = "cradlewatch-dashboard.js"


async def async_offer_dashboard(hass: HomeAssistant) -> None:
    """Serve the script (public code, no data) and have the frontend load it, where there is a frontend."""
    if "frontend" not in hass.config.components:
        return
    await hass.http.async_register_static_paths([StaticPathConfig(_URL, str(_FOLDER), cache_headers=False)])
    add_extra_js_url(hass, f"{_URL}/{_SCRIPT}?v={VERSION}")
