"""The triggers themselves. Apart from trigger.py, because the helpers that they build on are young and may change."""

from typing import override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import NotTriggeredReasonReporter, StatelessEntityTriggerBase, Trigger

from .const import DOMAIN
from .engine.models import EventKind, Phase, Severity, Status


def only_ours(hass: HomeAssistant, entities: set[str], key: str) -> set[str]:
    """Those of `entities` that are the entity `key` of a crib: an area may hold doorbells as well."""
    registry = er.async_get(hass)
    rows = ((entity_id, registry.async_get(entity_id)) for entity_id in entities)
    return {
        entity_id
        for entity_id, row in rows
        if row is not None and row.platform == DOMAIN and row.unique_id.endswith(f"_{key}")
    }


class _EventTrigger(StatelessEntityTriggerBase):
    """Fires on news of the event entity of a crib."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class declares it

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return only_ours(self._hass, entities, "event")


class KindTrigger(_EventTrigger):
    """An incident of one kind began. A later verdict on it is not another beginning."""

    kind: EventKind

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        attributes = state.attributes
        return attributes.get("event_type") == self.kind and attributes.get("phase") == Phase.OPENED


class SeverityTrigger(_EventTrigger):
    """An incident is at least this serious: once for each incident."""

    least: Severity

    def _serious(self, state: State) -> bool:
        severity = state.attributes.get("severity")
        if severity not in set(Severity) or state.attributes.get("status") == Status.DISMISSED:
            return False
        return Severity(severity).rank >= self.least.rank

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        if not super().is_valid_transition(from_state, to_state):
            return False
        same = from_state.attributes.get("event_id") == to_state.attributes.get("event_id")
        return not (same and self._serious(from_state))

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        return self._serious(state)


def _kind(kind: EventKind) -> type[Trigger]:
    return type(f"{kind.value}_trigger", (KindTrigger,), {"kind": kind})


def _severity(least: Severity) -> type[Trigger]:
    return type(f"{least.value}_trigger", (SeverityTrigger,), {"least": least})


TRIGGERS: dict[str, type[Trigger]] = {
    "danger_seen": _severity(Severity.DANGER),
    "warning_seen": _severity(Severity.WARNING),
    "started_crying": _kind(EventKind.CRYING),
    "woke_up": _kind(EventKind.WOKE_UP),
    "fell_asleep": _kind(EventKind.FELL_ASLEEP),
    "left_view": _kind(EventKind.OUT_OF_VIEW),
    "camera_lost": _kind(EventKind.CAMERA_LOST),
    "confidence_lost": _kind(EventKind.CONFIDENCE_LOW),
}
