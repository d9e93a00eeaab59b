"""Actions. What spends money or returns footage asks whether the caller may read that crib."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio

from .blueprint_files import INSTALL_SCHEMA, async_install_blueprints
from .const import (
    DOMAIN,
    SERVICE_CHECK,
    SERVICE_FEEDBACK,
    SERVICE_GET_EVENTS,
    SERVICE_INSTALL_BLUEPRINTS,
    SERVICE_REPORT,
)
from .engine.analysis.feedback import Label
from .engine.errors import StoreError
from .engine.models import EventKind, Phase, Verdict
from .incidents import event_attributes
from .phrases import words_of
from .report import MINUTES, async_events, async_make_report
from .targets import TARGET, async_cribs_meant

_CHECK = probatio.Schema(TARGET)
_REPORT = probatio.Schema(
    TARGET | {probatio.Optional("minutes", default=MINUTES): probatio.All(int, probatio.Range(min=1, max=1440))}
)
_EVENTS = probatio.Schema(
    TARGET
    | {
        probatio.Optional("start"): cv.datetime,
        probatio.Optional("end"): cv.datetime,
        probatio.Optional("kinds"): probatio.All(cv.ensure_list, [probatio.In([kind.value for kind in EventKind])]),
        probatio.Optional("limit", default=50): probatio.All(int, probatio.Range(min=1, max=500)),
    }
)
_FEEDBACK = probatio.Schema(
    TARGET
    | {
        probatio.Required("event_id"): probatio.All(cv.string, probatio.Match(r"^[0-9A-Za-z_-]{1,64}$")),
        probatio.Exclusive("verdict", "word"): probatio.In([label.value for label in Label]),
        probatio.Exclusive("correct", "word"): cv.boolean,
        probatio.Optional("undo", default=False): cv.boolean,
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
    async_register_admin_service(
        hass, DOMAIN, SERVICE_INSTALL_BLUEPRINTS, async_install_blueprints, INSTALL_SCHEMA, SupportsResponse.OPTIONAL
    )


async def _check(call: ServiceCall) -> ServiceResponse:
    monitors = await async_cribs_meant(call, POLICY_CONTROL)
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
    for monitor in await async_cribs_meant(call, POLICY_CONTROL):
        report = await async_make_report(monitor, call.data["minutes"])
        results[monitor.config.name] = {
            "start": report.start.isoformat(),
            "end": report.end.isoformat(),
            "text": report.text,
            "score": report.score,
            "provider": report.provider,
            **report.details,
        }
    return {"cribs": results}


async def _get_events(call: ServiceCall) -> ServiceResponse:
    kinds = [EventKind(kind) for kind in call.data["kinds"]] if "kinds" in call.data else None
    results: dict[str, Any] = {}
    for monitor in await async_cribs_meant(call, POLICY_READ):
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
    event_id, undo = call.data["event_id"], call.data["undo"]
    if not undo and "verdict" not in call.data and "correct" not in call.data:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="feedback_needs_verdict")
    usual = Label.FALSE_ALARM if call.data.get("correct") is False else Label.REAL
    label = Label(call.data.get("verdict", usual))
    for monitor in await async_cribs_meant(call, POLICY_CONTROL):
        try:
            result = await monitor.async_feedback(event_id, label, undo=undo, note=call.data.get("note"))
        except StoreError as error:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="store_unreadable") from error
        if result is not None:
            return {
                "event_id": event_id,
                "crib": monitor.config.name,
                "event_type": result.kind.value,
                "verdict": None if undo else label.value,
                "correct": None if undo else label is Label.REAL,
                "undone": result.undone,
                "precision": result.precision,
                "threshold_offset": round(result.offset, 3),
            }
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unknown_event")


def _utc(call: ServiceCall, key: str) -> datetime | None:
    value: datetime | None = call.data.get(key)
    return dt_util.as_utc(value) if value else None


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
