"""The forms of alerts: which phones, and what they are told."""

from collections.abc import Mapping
from typing import Any

from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from .alert_settings import COOLDOWN_MIN, FOLLOW_UP_MIN, SEVERITIES, usual_kinds
from .const import (
    CONF_ALERT_COOLDOWN,
    CONF_ALERT_FOLLOW_UP,
    CONF_ALERT_KINDS,
    CONF_ALERT_PHONES,
    CONF_ALERT_QUIET_ENTITIES,
    CONF_ALERT_QUIET_ROOM,
    CONF_ALERT_SEVERITY,
)
from .engine.models import EventKind, Severity
from .phones import Phone

_PRESENCE = ["binary_sensor", "device_tracker", "person", "input_boolean", "sensor"]


def notify_schema(phones: tuple[Phone, ...]) -> probatio.Schema:
    """The step of the set-up. One phone is chosen already: whose else should ring?"""
    chosen = [phone.device_id for phone in phones] if len(phones) == 1 else []
    return probatio.Schema({probatio.Optional(CONF_ALERT_PHONES, default=chosen): _phones(phones)})


def alerts_schema(phones: tuple[Phone, ...]) -> probatio.Schema:
    """All about alerts that counts for every phone."""
    return probatio.Schema(
        {
            probatio.Optional(CONF_ALERT_PHONES, default=[]): _phones(phones),
            **_what(),
            probatio.Optional(CONF_ALERT_COOLDOWN, default=COOLDOWN_MIN): _minutes(60),
            probatio.Optional(CONF_ALERT_FOLLOW_UP, default=FOLLOW_UP_MIN): _minutes(120),
            probatio.Optional(CONF_ALERT_QUIET_ENTITIES): EntitySelector(
                EntitySelectorConfig(domain=_PRESENCE, multiple=True)
            ),
            probatio.Optional(CONF_ALERT_QUIET_ROOM): TextSelector(),
        }
    )


def own_schema() -> probatio.Schema:
    """What one phone is told, where that differs."""
    return probatio.Schema(_what())


def choose_schema(phones: tuple[Phone, ...]) -> probatio.Schema:
    """Which phone's rules are changed."""
    return probatio.Schema({probatio.Required("phone"): _phones(phones, multiple=False)})


def without_gone(options: Mapping[str, Any], phones: tuple[Phone, ...]) -> dict[str, Any]:
    """Stored options as the form can show them: a phone that is gone cannot be ticked."""
    here = {phone.device_id for phone in phones}
    return {**options, CONF_ALERT_PHONES: [kept for kept in options.get(CONF_ALERT_PHONES, ()) if kept in here]}


def _what() -> dict[Any, Any]:
    return {
        probatio.Optional(CONF_ALERT_KINDS, default=usual_kinds()): SelectSelector(
            SelectSelectorConfig(
                options=[kind.value for kind in EventKind],
                multiple=True,
                translation_key="event_kind",
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        probatio.Optional(CONF_ALERT_SEVERITY, default=Severity.WARNING.value): SelectSelector(
            SelectSelectorConfig(
                options=[severity.value for severity in SEVERITIES],
                translation_key="severity",
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
    }


def _phones(phones: tuple[Phone, ...], *, multiple: bool = True) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=phone.device_id, label=phone.name) for phone in phones],
            multiple=multiple,
            mode=SelectSelectorMode.LIST,
        )
    )


def _minutes(most: int) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=0, max=most, step=1, unit_of_measurement="min", mode=NumberSelectorMode.BOX)
    )
