"""Whether pictures of a crib may be judged by the AI."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KEY_AI
from .data import CradlewatchConfigEntry
from .entity import CribEntity

PARALLEL_UPDATES = 1

DESCRIPTION = SwitchEntityDescription(key=KEY_AI, entity_category=EntityCategory.CONFIG)


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """One for each crib."""
    entry.runtime_data.add_platform(async_add_entities, lambda monitor: [AiSwitch(monitor, DESCRIPTION)])


class AiSwitch(CribEntity, SwitchEntity):
    """Remembered over restarts."""

    @property
    @override
    def is_on(self) -> bool:
        return self.crib.ai_on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.monitor.async_set_ai(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.monitor.async_set_ai(on=False)
