"""How loud the room is: relative to full scale, or in decibels where a parent has calibrated the microphone."""

from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import UnitOfSoundPressure

from .const import KEY_SOUND_LEVEL
from .entity import CribEntity

UNIT_FULL_SCALE = "dBFS"

DESCRIPTION = SensorEntityDescription(
    key=KEY_SOUND_LEVEL, state_class=SensorStateClass.MEASUREMENT, entity_registry_enabled_default=False
)


class SoundLevelSensor(CribEntity, SensorEntity):
    """The level of the last second. At most every ten seconds unless it jumps: a recorder keeps each change."""

    @property
    @override
    def available(self) -> bool:
        return not (self.crib.blind or self._deaf)

    @property
    @override
    def native_value(self) -> int | None:
        level, offset = self.crib.sound_level_db, self.monitor.config.sound_offset_db
        return None if level is None else level + round(offset)

    @property
    @override
    def native_unit_of_measurement(self) -> str:
        return UnitOfSoundPressure.DECIBEL if self.monitor.config.sound_offset_db else UNIT_FULL_SCALE

    @property
    @override
    def device_class(self) -> SensorDeviceClass | None:
        # Full scale differs from microphone to microphone: without a calibration it is no sound pressure.
        return SensorDeviceClass.SOUND_PRESSURE if self.monitor.config.sound_offset_db else None

    @property
    @override
    def capability_attributes(self) -> dict[str, Any] | None:
        usual = super().capability_attributes
        return {**(usual or {}), "unavailable_reason": self.crib.deaf_reason} if self._deaf else usual

    @property
    def _deaf(self) -> bool:
        return self.crib.hears is False
