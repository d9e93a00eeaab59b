"""Pictures: of the last incident, and of the last 24 hours."""

from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KEY_LAST_EVENT
from .data import CradlewatchConfigEntry
from .entity import CribEntity
from .monitor import CribMonitor
from .plot_image import DARK, LIGHT, PlotImage

PARALLEL_UPDATES = 0

DESCRIPTION = ImageEntityDescription(key=KEY_LAST_EVENT)


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Those of each crib."""
    entry.runtime_data.add_platform(
        async_add_entities,
        lambda monitor: [
            LastEventImage(hass, monitor),
            *(PlotImage(hass, monitor, description) for description in (LIGHT, DARK)),
        ],
    )


class LastEventImage(CribEntity, ImageEntity):
    """Shows the newest incident that has a picture."""

    def __init__(self, hass: HomeAssistant, monitor: CribMonitor) -> None:
        CribEntity.__init__(self, monitor, DESCRIPTION)
        ImageEntity.__init__(self, hass)
        self._attr_content_type = "image/jpeg"
        self._event_id: str | None = None
        self._take_over()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._take_over():
            self.async_write_ha_state()

    @callback
    def _take_over(self) -> bool:
        event = self.crib.last_event
        if event is None or event.snapshot is None or event.event_id == self._event_id:
            return False
        self._event_id = event.event_id
        self._attr_image_last_updated = event.started_at
        return True

    @override
    async def async_image(self) -> bytes | None:
        if self._event_id is None:
            return None
        return await self.monitor.footage.async_load(self._event_id)
