"""Buttons of notifications (real, false alarm, mute for an hour), pressed on a phone: feedback without an automation.

Both apps send `mobile_app_notification_action` with the name of the button, which names the incident. An automation
that waits for it would hold later alerts back or forget the button over a restart.
"""

import logging
import re
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN, SERVICE_FEEDBACK

_LOGGER = logging.getLogger(__name__)

EVENT_BUTTON = "mobile_app_notification_action"
_ACTION = re.compile(r"^CRADLEWATCH_(REAL|FALSE_ALARM|IGNORE_HOUR)_([0-9A-Za-z_-]{1,64})$")


@callback
def async_listen_buttons(hass: HomeAssistant) -> None:
    """Once, whether or not an entry is set up."""

    async def pressed(event: Event[dict[str, Any]]) -> None:
        match = _ACTION.match(str(event.data.get("action", ""))[:200])
        loaded = any(entry.state is ConfigEntryState.LOADED for entry in hass.config_entries.async_entries(DOMAIN))
        if match is None or not loaded:
            return
        word = {"verdict": match[1].lower(), "event_id": match[2]}
        try:
            # With the phone's own user: the action asks whether they may.
            await hass.services.async_call(DOMAIN, SERVICE_FEEDBACK, word, blocking=True, context=event.context)
        except HomeAssistantError as error:
            _LOGGER.warning("A button of a notification came to nothing: %s", error)

    hass.bus.async_listen(EVENT_BUTTON, pressed)
