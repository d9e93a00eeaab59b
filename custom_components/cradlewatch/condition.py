"""Conditions for automations: "Is asleep", "Needs attention" ... Guarded as trigger.py is."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

_LOGGER = logging.getLogger(__name__)

try:
    from .entity_conditions import CONDITIONS
except ImportError as err:  # another Home Assistant than we know
    _LOGGER.warning("Conditions of Cradlewatch are not available with this version of Home Assistant: %s", err)
    CONDITIONS: dict[str, type[Condition]] = {}  # type: ignore[no-redef]


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Called by Home Assistant."""
    return CONDITIONS
