"""On, off or unknown: what the detectors and the judge say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KEY_ATTENTION, KEY_CONNECTIVITY, KEY_CRYING, KEY_MOTION, KEY_OCCUPANCY, KEY_SOUND
from .coordinator import CribState
from .data import CradlewatchConfigEntry
from .engine.models import Link
from .entity import CribEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CribBinaryDescription(BinarySensorEntityDescription):
    """How to read it from the state; None is unknown."""

    value: Callable[[CribState], bool | None]
    detector: bool = False
    """Unavailable while the camera is lost or in privacy."""
    attributes: Callable[[CribState], dict[str, Any]] | None = None
    hearing: bool = False
    """Unavailable where the camera's stream has no sound: "off" would read as quiet."""


def _attention_attributes(state: CribState) -> dict[str, Any]:
    return {"reason": state.safety.reason}


DESCRIPTIONS = (
    CribBinaryDescription(
        key=KEY_MOTION, device_class=BinarySensorDeviceClass.MOTION, detector=True, value=lambda state: state.motion
    ),
    CribBinaryDescription(
        key=KEY_OCCUPANCY,
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        detector=True,
        value=lambda state: state.occupancy,
    ),
    CribBinaryDescription(
        key=KEY_SOUND,
        device_class=BinarySensorDeviceClass.SOUND,
        detector=True,
        hearing=True,
        value=lambda state: state.sound,
    ),
    CribBinaryDescription(key=KEY_CRYING, detector=True, hearing=True, value=lambda state: state.crying),
    # No device class: "safety" would read "Safe" when off.
    CribBinaryDescription(
        key=KEY_ATTENTION, value=lambda state: state.safety.attention, attributes=_attention_attributes
    ),
    CribBinaryDescription(
        key=KEY_CONNECTIVITY,
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: None if state.link is Link.CONNECTING else state.watching or state.link is Link.STALLED,
        attributes=lambda state: {"link": state.link.value, "reason": state.link_reason},
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Entities of each crib."""
    entry.runtime_data.add_platform(
        async_add_entities, lambda monitor: [CribBinarySensor(monitor, description) for description in DESCRIPTIONS]
    )


class CribBinarySensor(CribEntity, BinarySensorEntity):
    """One yes-or-no."""

    entity_description: CribBinaryDescription

    @property
    @override
    def available(self) -> bool:
        return not (self._deaf or (self.entity_description.detector and self.crib.blind))

    @property
    def _deaf(self) -> bool:
        return self.entity_description.hearing and self.crib.hears is False

    @property
    @override
    def capability_attributes(self) -> dict[str, Any] | None:
        # The only attributes that Home Assistant shows of an unavailable entity.
        return {"unavailable_reason": self.crib.deaf_reason} if self._deaf else None

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.value(self.crib)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        attributes = self.entity_description.attributes
        return attributes(self.crib) if attributes else None
