"""Values: what the detectors, the judge and the loop know. None is unknown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .const import (
    AI_STATUSES,
    KEY_ACTIVITY,
    KEY_ACTIVITY_LEVEL,
    KEY_AI_CALLS_TODAY,
    KEY_AI_COST_TODAY,
    KEY_AI_LATENCY,
    KEY_AI_QUEUE,
    KEY_AI_STATUS,
    KEY_AI_TOKENS_TODAY,
    KEY_CONFIDENCE,
    KEY_DAILY_DIGEST,
    KEY_FRAME_LAG,
    KEY_FRAME_RATE,
    KEY_HOURLY_DIGEST,
    KEY_LAST_EVENT_TITLE,
    KEY_REPORT,
    KEY_SAFETY,
    KEY_SAFETY_SCORE,
    KEY_SLEEP,
    KEY_SLEEP_TODAY,
)
from .coordinator import CribState, HomeState
from .data import CradlewatchConfigEntry
from .digest_view import DIGEST_UNRECORDED
from .engine.models import Activity, Severity, Sleep
from .entity import CribEntity, HomeEntity
from .report_view import REPORT_UNRECORDED
from .sound_sensor import DESCRIPTION as SOUND_LEVEL, SoundLevelSensor

PARALLEL_UPDATES = 0

type Value = StateType | datetime

# Home Assistant's logbook leaves out sensors that name a unit, and a parent's page of incidents must not drown in
# "Activity changed to calm". The unit is none, so nothing else takes these for numbers.
_NOT_IN_LOGBOOK = {"unit_of_measurement": None}


@dataclass(frozen=True, kw_only=True)
class CribSensorDescription(SensorEntityDescription):
    """How to read it from the state."""

    value: Callable[[CribState], Value]
    detector: bool = False
    attributes: Callable[[CribState], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class HomeSensorDescription(SensorEntityDescription):
    """How to read it from the state of the home."""

    value: Callable[[HomeState], Value]
    daily: bool = False
    attributes: Callable[[HomeState], dict[str, Any]] | None = None


def _safety_attributes(state: CribState) -> dict[str, Any]:
    view = state.safety
    return _NOT_IN_LOGBOOK | {
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
        return dict(_NOT_IN_LOGBOOK)
    return _NOT_IN_LOGBOOK | {
        "event_id": event.event_id,
        "event_type": event.kind.value,
        "severity": event.severity.value,
        "status": event.status.value,
        "started_at": event.started_at.isoformat(),
    }


def _report_attributes(state: CribState) -> dict[str, Any]:
    report, progress = state.report, state.report_progress
    shown: dict[str, Any] = {}
    if progress is not None:
        shown = {
            "stage": progress.stage,
            "window": progress.window_start.isoformat(),
            "window_state": progress.state,
            "window_reason": progress.reason,
        }
    if report is None:
        return shown
    return {
        **shown,
        **report.details,
        "text": report.text,
        "start": report.start.isoformat(),
        "end": report.end.isoformat(),
        "score": report.score,
        "provider": report.provider,
    }


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


def _plain(_state: CribState) -> dict[str, Any]:
    return dict(_NOT_IN_LOGBOOK)


CRIB_DESCRIPTIONS = (
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
        key=KEY_REPORT,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.report.at if state.report else None,
        attributes=_report_attributes,
    ),
    CribSensorDescription(
        key=KEY_HOURLY_DIGEST,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.digest_hour.at if state.digest_hour else None,
        attributes=lambda state: dict(state.digest_hour.details) if state.digest_hour else {},
    ),
    CribSensorDescription(
        key=KEY_DAILY_DIGEST,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda state: state.digest_day.at if state.digest_day else None,
        attributes=lambda state: dict(state.digest_day.details) if state.digest_day else {},
    ),
    CribSensorDescription(
        key=KEY_SLEEP_TODAY,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value=lambda state: None if state.sleep_today_s is None else state.sleep_today_s // 60,
    ),
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

HOME_DESCRIPTIONS = (
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
COST_DESCRIPTION = HomeSensorDescription(
    key=KEY_AI_COST_TODAY,
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    entity_category=EntityCategory.DIAGNOSTIC,
    daily=True,
    value=lambda state: None if state.cost is None else round(state.cost, 4),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Entities of the home and of each crib."""
    data = entry.runtime_data
    async_add_entities(
        [
            HomeSensor(entry.entry_id, data.analyst, description)
            for description in (*HOME_DESCRIPTIONS, COST_DESCRIPTION)
        ]
    )

    data.add_platform(
        async_add_entities,
        lambda monitor: [
            *(CribSensor(monitor, description) for description in CRIB_DESCRIPTIONS),
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
