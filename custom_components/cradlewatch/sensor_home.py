"""Sensors of the home: what the model is asked, and what that costs."""

from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory

from .const import (
    AI_STATUSES,
    KEY_AI_CALLS_TODAY,
    KEY_AI_COST_TODAY,
    KEY_AI_QUEUE,
    KEY_AI_STATUS,
    KEY_AI_TOKENS_TODAY,
)
from .coordinator import HomeState
from .sensor_description import HomeSensorDescription


def _status_attributes(state: HomeState) -> dict[str, Any]:
    return {
        "reason": state.reason,
        "providers": dict(state.providers),
        "budget": state.level,
        "budget_limit": state.limit,
        "budget_ends_at": state.ends_at.isoformat() if state.ends_at else None,
        "checks_spared": state.spared,
        "checks_refused": state.refused,
    }


HOME = (
    HomeSensorDescription(
        key=KEY_AI_CALLS_TODAY,
        state_class=SensorStateClass.TOTAL,
        entity_category=EntityCategory.DIAGNOSTIC,
        daily=True,
        value=lambda state: state.calls,
    ),
    HomeSensorDescription(
        key=KEY_AI_TOKENS_TODAY,
        state_class=SensorStateClass.TOTAL,
        entity_category=EntityCategory.DIAGNOSTIC,
        daily=True,
        value=lambda state: state.tokens,
    ),
    HomeSensorDescription(
        key=KEY_AI_QUEUE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.waiting,
    ),
    HomeSensorDescription(
        key=KEY_AI_STATUS,
        device_class=SensorDeviceClass.ENUM,
        options=list(AI_STATUSES),
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.status,
        attributes=_status_attributes,
    ),
)

# Without a price it is unknown, never zero. The currency is the home's.
COST = HomeSensorDescription(
    key=KEY_AI_COST_TODAY,
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    entity_category=EntityCategory.DIAGNOSTIC,
    daily=True,
    value=lambda state: None if state.cost is None else round(state.cost, 4),
)
