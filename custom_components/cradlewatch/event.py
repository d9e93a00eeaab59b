"""The incidents of a crib as an event entity: what automations listen to."""

from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KEY_EVENT
from .data import CradlewatchConfigEntry
from .engine.models import EventKind
from .entity import CribEntity

PARALLEL_UPDATES = 0

DESCRIPTION = EventEntityDescription(key=KEY_EVENT, event_types=[kind.value for kind in EventKind])


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """One for each crib."""
    entry.runtime_data.add_platform(async_add_entities, lambda monitor: [CribEvent(monitor, DESCRIPTION)])


class CribEvent(CribEntity, EventEntity):
    """Fires when an incident opens, grows worse or is judged."""

    # No name of its own: the logbook reads "Mina is crying", not "Event is crying".
    _attr_name = None
    _unrecorded_attributes = frozenset({"description", "action_needed"})

    @property
    @override
    def suggested_object_id(self) -> str:
        """Its entity id keeps its key, beside the camera that has the bare name."""
        return KEY_EVENT

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.monitor.desk.async_listen(self._fire))

    @callback
    def _fire(self, event_type: str, attributes: dict[str, Any]) -> None:
        self._trigger_event(event_type, attributes)
        self.async_write_ha_state()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Its state changes with incidents only."""
