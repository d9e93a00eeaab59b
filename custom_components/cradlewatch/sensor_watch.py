"""Sensors of what is seen and judged now, and how far silence can be trusted."""

from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime

from .const import (
    KEY_ACTIVITY,
    KEY_ACTIVITY_LEVEL,
    KEY_AI_LATENCY,
    KEY_CONFIDENCE,
    KEY_FRAME_LAG,
    KEY_FRAME_RATE,
    KEY_LAST_EVENT_TITLE,
    KEY_SAFETY,
    KEY_SAFETY_SCORE,
    KEY_SLEEP,
    KEY_SLEEP_TODAY,
)
from .coordinator import CribState
from .engine.models import Activity, Severity, Sleep
from .sensor_description import NOT_IN_LOGBOOK, CribSensorDescription


def _safety_attributes(state: CribState) -> dict[str, Any]:
    view = state.safety
    return NOT_IN_LOGBOOK | {
        "reason": view.reason,
        "judged_at": view.judged_at,
        "provider": view.provider,
        "title": view.title,
        "description": view.description,
        "concerns": list(view.concerns),
        "action_needed": view.action_needed,
        "posture": view.posture,
        "child_in_view": view.child_in_view,
    }


def _last_event_attributes(state: CribState) -> dict[str, Any]:
    event = state.last_event
    if event is None:
        return dict(NOT_IN_LOGBOOK)
    return NOT_IN_LOGBOOK | {
        "event_id": event.event_id,
        "event_type": event.kind.value,
        "severity": event.severity.value,
        "status": event.status.value,
        "started_at": event.started_at.isoformat(),
    }


def _plain(_state: CribState) -> dict[str, Any]:
    return dict(NOT_IN_LOGBOOK)


NOW = (
    CribSensorDescription(
        key=KEY_ACTIVITY_LEVEL,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        detector=True,
        value=lambda state: state.activity_level,
    ),
    CribSensorDescription(
        key=KEY_ACTIVITY,
        device_class=SensorDeviceClass.ENUM,
        options=[item.value for item in Activity],
        detector=True,
        value=lambda state: state.activity,
        attributes=_plain,
    ),
    CribSensorDescription(
        key=KEY_SLEEP,
        device_class=SensorDeviceClass.ENUM,
        options=[item.value for item in Sleep],
        detector=True,
        value=lambda state: state.sleep,
        attributes=_plain,
    ),
    CribSensorDescription(
        key=KEY_SAFETY,
        device_class=SensorDeviceClass.ENUM,
        options=[item.value for item in Severity],
        value=lambda state: state.safety.safety,
        attributes=_safety_attributes,
    ),
    CribSensorDescription(
        key=KEY_SAFETY_SCORE,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda state: state.safety_score,
        attributes=lambda state: {"rests_on": state.safety_score_rests_on},
    ),
    CribSensorDescription(
        key=KEY_LAST_EVENT_TITLE, value=lambda state: state.last_event_title, attributes=_last_event_attributes
    ),
    CribSensorDescription(
        key=KEY_SLEEP_TODAY,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda state: None if state.sleep_today_s is None else state.sleep_today_s // 60,
    ),
)

TRUST = (
    CribSensorDescription(
        key=KEY_CONFIDENCE,
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.confidence,
        attributes=lambda state: (
            {"reason": state.confidence_reason, "precision": dict(state.precision)}
            | ({} if state.second_source is None else {"second_source": state.second_source})
        ),
    ),
    CribSensorDescription(
        key=KEY_FRAME_RATE,
        native_unit_of_measurement="fps",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        detector=True,
        value=lambda state: state.frame_rate,
    ),
    CribSensorDescription(
        key=KEY_FRAME_LAG,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        detector=True,
        value=lambda state: state.frame_lag_ms,
    ),
    CribSensorDescription(
        key=KEY_AI_LATENCY,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.ai_latency_s,
    ),
)
