"""Values: what the detectors, the judge and the loop know. None is unknown."""

from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .data import CradlewatchConfigEntry
from .digest_view import DIGEST_UNRECORDED
from .entity import CribEntity, HomeEntity
from .report_view import REPORT_UNRECORDED
from .sensor_description import CribSensorDescription, HomeSensorDescription, Value
from .sensor_home import COST, HOME
from .sensor_reports import REPORTS
from .sensor_watch import NOW, TRUST
from .sound_sensor import DESCRIPTION as SOUND_LEVEL, SoundLevelSensor

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Entities of the home and of each crib."""
    data = entry.runtime_data
    async_add_entities([HomeSensor(entry.entry_id, data.analyst, description) for description in (*HOME, COST)])

    data.add_platform(
        async_add_entities,
        lambda monitor: [
            *(CribSensor(monitor, description) for description in (*NOW, *REPORTS, *TRUST)),
            SoundLevelSensor(monitor, SOUND_LEVEL),
        ],
    )


class CribSensor(CribEntity, SensorEntity):
    """One value of a crib."""

    _unrecorded_attributes = (
        frozenset({"description", "concerns", "action_needed", "text", "title"}) | REPORT_UNRECORDED | DIGEST_UNRECORDED
    )
    entity_description: CribSensorDescription

    @property
    @override
    def available(self) -> bool:
        return not (self.entity_description.detector and self.crib.blind)

    @property
    @override
    def native_value(self) -> Value:
        return self.entity_description.value(self.crib)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        attributes = self.entity_description.attributes
        return attributes(self.crib) if attributes else None


class HomeSensor(HomeEntity, SensorEntity):
    """One value of the home."""

    _unrecorded_attributes = frozenset({"checks_spared", "checks_refused", "providers"})
    entity_description: HomeSensorDescription

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        monetary = self.entity_description.device_class is SensorDeviceClass.MONETARY
        return self.coordinator.hass.config.currency if monetary else super().native_unit_of_measurement

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        attributes = self.entity_description.attributes
        return attributes(self.coordinator.data) if attributes else None

    @property
    @override
    def native_value(self) -> Value:
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def last_reset(self) -> datetime | None:
        return self.coordinator.data.day_started_at if self.entity_description.daily else None
