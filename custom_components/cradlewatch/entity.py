"""Bases of all entities."""

from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .analyst import Analyst
from .const import DOMAIN, MANUFACTURER, VERSION
from .coordinator import CribCoordinator, CribState, HomeCoordinator
from .monitor import CribMonitor


def crib_device(monitor: CribMonitor) -> DeviceInfo:
    """The device of a crib."""
    return DeviceInfo(
        identifiers={(DOMAIN, monitor.config.crib_id)},
        name=monitor.config.name,
        manufacturer=MANUFACTURER,
        model="Crib",
        sw_version=VERSION,
    )


def home_device(entry_id: str) -> DeviceInfo:
    """The service device of the home."""
    return DeviceInfo(
        identifiers={(DOMAIN, entry_id)},
        name="Cradlewatch",
        manufacturer=MANUFACTURER,
        model="AI analysis",
        sw_version=VERSION,
        entry_type=DeviceEntryType.SERVICE,
    )


class CribEntity(CoordinatorEntity[CribCoordinator]):
    """An entity of one crib."""

    _attr_has_entity_name = True

    def __init__(self, monitor: CribMonitor, description: EntityDescription) -> None:
        super().__init__(monitor.coordinator)
        self.monitor = monitor
        self.entity_description = description
        self._attr_unique_id = f"{monitor.config.crib_id}_{description.key}"
        self._attr_translation_key = description.translation_key or description.key
        self._attr_device_info = crib_device(monitor)

    @property
    def crib(self) -> CribState:
        """The state that is shown."""
        return self.coordinator.data

    @property
    @override
    def available(self) -> bool:
        return True


class HomeEntity(CoordinatorEntity[HomeCoordinator]):
    """An entity of the home."""

    _attr_has_entity_name = True

    def __init__(self, entry_id: str, analyst: Analyst, description: EntityDescription) -> None:
        super().__init__(analyst.coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_translation_key = description.translation_key or description.key
        self._attr_device_info = home_device(entry_id)

    @property
    @override
    def available(self) -> bool:
        return True
