"""The conditions themselves. Apart from condition.py, because the helpers that they build on are young."""

from typing import override

from homeassistant.components.binary_sensor.const import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.const import STATE_ON
from homeassistant.helpers.condition import Condition, make_entity_state_condition

from .const import KEY_ATTENTION, KEY_CRYING, KEY_SLEEP
from .engine.models import Sleep
from .entity_triggers import only_ours


def _condition(domain: str, key: str, state: str) -> type[Condition]:
    """True while the entity `key` shows `state`. Unknown is never true: unknown is not safe."""

    class CribCondition(make_entity_state_condition(domain, state)):  # type: ignore[misc]
        @override
        def entity_filter(self, entities: set[str]) -> set[str]:
            return only_ours(self._hass, entities, key)

    return CribCondition


CONDITIONS: dict[str, type[Condition]] = {
    "is_asleep": _condition(SENSOR_DOMAIN, KEY_SLEEP, Sleep.ASLEEP.value),
    "is_awake": _condition(SENSOR_DOMAIN, KEY_SLEEP, Sleep.AWAKE.value),
    "is_crying": _condition(BINARY_SENSOR_DOMAIN, KEY_CRYING, STATE_ON),
    "needs_attention": _condition(BINARY_SENSOR_DOMAIN, KEY_ATTENTION, STATE_ON),
}
