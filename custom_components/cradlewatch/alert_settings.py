"""Reads from the options of the home which phones are told what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .const import (
    CONF_ALERT_COOLDOWN,
    CONF_ALERT_FOLLOW_UP,
    CONF_ALERT_KINDS,
    CONF_ALERT_OWN,
    CONF_ALERT_PHONES,
    CONF_ALERT_QUIET_ENTITIES,
    CONF_ALERT_QUIET_ROOM,
    CONF_ALERT_SEVERITY,
)
from .engine.alert_rules import USUAL_KINDS, AlertRules
from .engine.models import EventKind, Severity

COOLDOWN_MIN = 5
FOLLOW_UP_MIN = 5
SEVERITIES = (Severity.INFO, Severity.WARNING, Severity.DANGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """`phones` are device ids of the Home Assistant app, each with its rules."""

    phones: Mapping[str, AlertRules] = field(default_factory=lambda: MappingProxyType({}))
    follow_up_s: float = FOLLOW_UP_MIN * 60
    """Told again where nobody reacted for so long; 0: never."""
    quiet_entities: tuple[str, ...] = ()
    quiet_room: str = ""


def alert_settings_of(options: Mapping[str, Any]) -> AlertSettings:
    """The settings of all phones. An unknown kind (of a newer version) is passed over."""
    own = options.get(CONF_ALERT_OWN, {})
    return AlertSettings(
        phones={str(phone): _rules({**options, **own.get(phone, {})}) for phone in options.get(CONF_ALERT_PHONES, ())},
        follow_up_s=float(options.get(CONF_ALERT_FOLLOW_UP, FOLLOW_UP_MIN)) * 60,
        quiet_entities=tuple(str(entity) for entity in options.get(CONF_ALERT_QUIET_ENTITIES, ())),
        quiet_room=str(options.get(CONF_ALERT_QUIET_ROOM, "")).strip().casefold(),
    )


def usual_kinds() -> list[str]:
    """As a form shows them."""
    return [kind.value for kind in EventKind if kind in USUAL_KINDS]


def without_phone(options: Mapping[str, Any], phone: str) -> dict[str, Any]:
    """The options once `phone` is not told any more."""
    phones = [kept for kept in options.get(CONF_ALERT_PHONES, ()) if kept != phone]
    own = {kept: rules for kept, rules in options.get(CONF_ALERT_OWN, {}).items() if kept != phone}
    return {**options, CONF_ALERT_PHONES: phones, CONF_ALERT_OWN: own}


def _rules(chosen: Mapping[str, Any]) -> AlertRules:
    kinds = chosen.get(CONF_ALERT_KINDS)
    return AlertRules(
        kinds=USUAL_KINDS if kinds is None else _kinds(kinds),
        least=Severity(chosen.get(CONF_ALERT_SEVERITY, Severity.WARNING.value)),
        cooldown_s=float(chosen.get(CONF_ALERT_COOLDOWN, COOLDOWN_MIN)) * 60,
    )


def _kinds(names: Iterable[str]) -> frozenset[EventKind]:
    known = {kind.value: kind for kind in EventKind}
    return frozenset(known[name] for name in names if name in known)
