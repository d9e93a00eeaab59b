"""Triggers for automations: "Danger seen", "Started crying" ...

The platform is young: where its helpers have changed, the integration goes on without them, and says so once.
"""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger

_LOGGER = logging.getLogger(__name__)

try:
    from .entity_triggers import TRIGGERS
except ImportError as err:  # another Home Assistant than we know
    _LOGGER.warning("Triggers of Cradlewatch are not available with this version of Home Assistant: %s", err)
    TRIGGERS: dict[str, type[Trigger]] = {}  # type: ignore[no-redef]


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Called by Home Assistant."""
    return TRIGGERS
