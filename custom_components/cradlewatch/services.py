"""Actions. What spends money or returns footage asks whether the caller may read that crib."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import probatio

from .const import (
    DOMAIN,
    KEY_EVENT,
    SERVICE_CHECK,
    SERVICE_FEEDBACK,
    SERVICE_GET_EVENTS,
    SERVICE_REPORT,
)
from .data import CradlewatchConfigEntry
from .engine.models import EventKind, Phase, Verdict
from .incidents import event_attributes
from .monitor import CribMonitor
from .phrases import words_of
from .report import MINUTES, async_events, async_make_report

_TARGET = {
    probatio.Optional("entity_id"): cv.entity_ids,
    probatio.Optional("device_id"): probatio.All(cv.ensure_list, [cv.string]),
}
_CHECK = probatio.Schema(_TARGET)
_REPORT = probatio.Schema(
    _TARGET | {probatio.Optional("minutes", default=MINUTES): probatio.All(int, probatio.Range(min=1, max=1440))}
)
_EVENTS = probatio.Schema(
    _TARGET
    | {
        probatio.Optional("start"): cv.datetime,
        probatio.Optional("end"): cv.datetime,
        probatio.Optional("kinds"): probatio.All(cv.ensure_list, [probatio.In([kind.value for kind in EventKind])]),
        probatio.Optional("limit", default=50): probatio.All(int, probatio.Range(min=1, max=500)),
    }
)
_FEEDBACK = probatio.Schema(
    _TARGET
    | {
        probatio.Required("event_id"): probatio.All(cv.string, probatio.Match(r"^[0-9A-Za-z_-]{1,64}$")),
        probatio.Required("correct"): cv.boolean,
        probatio.Optional("note"): probatio.All(cv.string, probatio.Length(max=200)),
    }
)


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Once, whether or not an entry is set up."""
    for name, action, schema, response in (
        (SERVICE_CHECK, _check, _CHECK, SupportsResponse.OPTIONAL),
        (SERVICE_REPORT, _report, _REPORT, SupportsResponse.OPTIONAL),
        (SERVICE_GET_EVENTS, _get_events, _EVENTS, SupportsResponse.ONLY),
        (SERVICE_FEEDBACK, _feedback, _FEEDBACK, SupportsResponse.OPTIONAL),
    ):
        hass.services.async_register(DOMAIN, name, action, schema=schema, supports_response=response)


async def _check(call: ServiceCall) -> ServiceResponse:
    monitors = await _monitors(call, POLICY_CONTROL)
    results: dict[str, Any] = {}
    for monitor in monitors:
        outcome = await monitor.checks.async_check()
        results[monitor.config.name] = {
            "verdict": _verdict(outcome.verdict) if outcome.verdict else None,
            "failure": outcome.failure.value if outcome.failure else None,
            "detail": outcome.detail,
        }
    return {"cribs": results}


async def _report(call: ServiceCall) -> ServiceResponse:
    results: dict[str, Any] = {}
    for monitor in await _monitors(call, POLICY_CONTROL):
        report = await async_make_report(monitor, call.data["minutes"])
        results[monitor.config.name] = {
            "start": report.start.isoformat(),
            "end": report.end.isoformat(),
            "text": report.text,
            "score": report.score,
            "provider": report.provider,
        }
    return {"cribs": results}


async def _get_events(call: ServiceCall) -> ServiceResponse:
    kinds = [EventKind(kind) for kind in call.data["kinds"]] if "kinds" in call.data else None
    results: dict[str, Any] = {}
    for monitor in await _monitors(call, POLICY_READ):
        events = await async_events(
            monitor, start=_utc(call, "start"), end=_utc(call, "end"), kinds=kinds, limit=call.data["limit"]
        )
        results[monitor.config.name] = [
            event_attributes(event, words_of(call.hass, replace(event, phase=Phase.OPENED), monitor.config.name))
            | {"event_type": event.kind.value, "end_reason": event.end_reason}
            for event in events
        ]
    return {"cribs": results}


async def _feedback(call: ServiceCall) -> ServiceResponse:
    event_id, correct = call.data["event_id"], call.data["correct"]
    known = False
    for monitor in await _monitors(call, POLICY_CONTROL):
        known = await monitor.async_feedback(event_id, correct=correct, note=call.data.get("note")) or known
    if not known:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unknown_event")
    return {"event_id": event_id, "correct": correct}


def _utc(call: ServiceCall, key: str) -> datetime | None:
    value: datetime | None = call.data.get(key)
    return dt_util.as_utc(value) if value else None


async def _monitors(call: ServiceCall, policy: str) -> list[CribMonitor]:
    """The cribs that are meant (all where none is named), if the caller may."""
    entries: list[CradlewatchConfigEntry] = [
        entry for entry in call.hass.config_entries.async_entries(DOMAIN) if entry.state is ConfigEntryState.LOADED
    ]
    cribs = {crib_id: monitor for entry in entries for crib_id, monitor in entry.runtime_data.cribs.items()}
    wanted = _wanted(call.hass, call, set(cribs))
    if not wanted:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_crib")
    await _require(call, wanted, policy)
    return [cribs[crib_id] for crib_id in cribs if crib_id in wanted]


def _wanted(hass: HomeAssistant, call: ServiceCall, known: set[str]) -> set[str]:
    if not call.data.get("entity_id") and not call.data.get("device_id"):
        return known
    entities, devices = er.async_get(hass), dr.async_get(hass)
    wanted: set[str] = set()
    for entity_id in call.data.get("entity_id", ()):
        row = entities.async_get(entity_id)
        if row is not None and row.platform == DOMAIN and row.config_subentry_id:
            wanted.add(row.config_subentry_id)
    for device_id in call.data.get("device_id", ()):
        device = devices.async_get(device_id)
        if device is not None:
            wanted |= {identifier[1] for identifier in device.identifiers if identifier[0] == DOMAIN}
    return wanted & known


async def _require(call: ServiceCall, crib_ids: set[str], policy: str) -> None:
    """The caller may do this with the event entity of each crib; automations (no user) may."""
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    entities = er.async_get(call.hass)
    for crib_id in crib_ids:
        entity_id = entities.async_get_entity_id("event", DOMAIN, f"{crib_id}_{KEY_EVENT}")
        if entity_id is None or not user.permissions.check_entity(entity_id, policy):
            raise Unauthorized(context=call.context, entity_id=entity_id, permission=policy)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "provider": verdict.provider,
        "model": verdict.model,
        "taken_at": verdict.taken_at.isoformat(),
        "latency_s": round(verdict.latency_s, 2),
        "safety": verdict.safety.value if verdict.safety else None,
        "title": verdict.title,
        "description": verdict.description,
        "concerns": list(verdict.concerns),
        "hazard": verdict.hazard.value if verdict.hazard else None,
        "activity": verdict.activity,
        "location": verdict.location,
        "posture": verdict.posture.value,
        "face_visible": verdict.face_visible,
        "child_in_view": verdict.child_in_view,
        "action_needed": verdict.action_needed,
        "confidence": verdict.confidence,
    }
