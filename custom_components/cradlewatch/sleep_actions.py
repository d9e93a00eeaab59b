"""Actions about sleep: a parent's correction, and the sums of a night."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN, SERVICE_CORRECT_SLEEP, SERVICE_SLEEP_SUMMARY
from .engine.models import Sleep
from .engine.sleep_sessions import SleepSession, summarise
from .monitor import CribMonitor
from .targets import TARGET, async_cribs_meant

_CORRECTABLE = timedelta(days=2)
_LONGEST = timedelta(days=31)
_CORRECT = probatio.Schema(
    TARGET
    | {
        probatio.Required("state"): probatio.In([state.value for state in Sleep]),
        probatio.Optional("since"): cv.datetime,
    }
)
_SUMMARY = probatio.Schema(TARGET | {probatio.Optional("start"): cv.datetime, probatio.Optional("end"): cv.datetime})


@callback
def async_register_sleep_actions(hass: HomeAssistant) -> None:
    """Once, whether or not an entry is set up."""
    hass.services.async_register(
        DOMAIN, SERVICE_CORRECT_SLEEP, _correct, schema=_CORRECT, supports_response=SupportsResponse.OPTIONAL
    )
    hass.services.async_register(
        DOMAIN, SERVICE_SLEEP_SUMMARY, _summary, schema=_SUMMARY, supports_response=SupportsResponse.ONLY
    )


async def _correct(call: ServiceCall) -> ServiceResponse:
    """Of one crib only: what is true of one child is not of another."""
    monitors = await async_cribs_meant(call, POLICY_CONTROL)
    if len(monitors) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_crib_only")
    now_at = dt_util.utcnow()
    since_at = _utc(call, "since", now_at)
    if not now_at - _CORRECTABLE <= since_at <= now_at:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="since_out_of_range")
    monitor, state = monitors[0], Sleep(call.data["state"])
    await monitor.async_correct_sleep(state, since_at)
    midnight = dt_util.as_utc(dt_util.start_of_local_day())
    answer = {"state": state.value, "since": since_at.isoformat()} | _sums(monitor, midnight, now_at)
    return {"cribs": {monitor.config.name: answer}}


async def _summary(call: ServiceCall) -> ServiceResponse:
    now_at = dt_util.utcnow()
    end_at = min(_utc(call, "end", now_at), now_at)
    start_at = _utc(call, "start", end_at - timedelta(days=1))
    if not timedelta() < end_at - start_at <= _LONGEST:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="period_out_of_range")
    monitors = await async_cribs_meant(call, POLICY_READ)
    return {"cribs": {monitor.config.name: _sums(monitor, start_at, end_at) for monitor in monitors}}


def _sums(monitor: CribMonitor, start_at: datetime, end_at: datetime) -> dict[str, Any]:
    """Sleep between two moments. Where nothing was noted the sums are 0: that is not proof of no sleep."""
    now_at = dt_util.utcnow()
    sessions = [
        session
        for session in monitor.insight.sessions
        if session.start_at < end_at and (session.end_at or now_at) > start_at
    ]
    sums = summarise(sessions, start_at, end_at, now_at)
    return {
        "start": start_at.isoformat(),
        "end": end_at.isoformat(),
        "sleep_minutes": _minutes(sums.asleep),
        "longest_minutes": _minutes(sums.longest),
        "wakings": sums.wakings,
        "sessions": [_row(session, now_at) for session in sessions],
    }


def _row(session: SleepSession, now_at: datetime) -> dict[str, Any]:
    return {
        "start": session.start_at.isoformat(),
        "end": session.end_at.isoformat() if session.end_at else None,
        "asleep_now": session.asleep_since_at is not None,
        "sleep_minutes": _minutes(session.asleep(now_at)),
        "longest_minutes": _minutes(session.longest(now_at)),
        "wakings": session.wakings,
    }


def _minutes(lasts: timedelta) -> int:
    return round(lasts.total_seconds() / 60)


def _utc(call: ServiceCall, key: str, otherwise: datetime) -> datetime:
    value: datetime | None = call.data.get(key)
    return dt_util.as_utc(value) if value else otherwise
