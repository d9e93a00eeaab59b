"""Actions that look back: a digest of an hour or a day, and incidents as CSV."""

from datetime import timedelta
from typing import Any

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN, SERVICE_DIGEST, SERVICE_EXPORT_EVENTS
from .digest_view import digest_details
from .engine.errors import StoreError
from .engine.models import EventKind
from .engine.windows.digest import DigestSpan
from .export import ROWS_MAX, ExportQuery, async_export
from .export_view import export_url
from .targets import TARGET, async_cribs_meant

_LINK_LASTS = timedelta(hours=1)
_DIGEST = probatio.Schema(
    TARGET
    | {
        probatio.Optional("span", default=DigestSpan.DAY.value): probatio.In([span.value for span in DigestSpan]),
        probatio.Optional("at"): cv.datetime,
    }
)
_EXPORT = probatio.Schema(
    TARGET
    | {
        probatio.Optional("start"): cv.datetime,
        probatio.Optional("end"): cv.datetime,
        probatio.Optional("kinds"): probatio.All(cv.ensure_list, [probatio.In([kind.value for kind in EventKind])]),
        probatio.Optional("limit", default=1000): probatio.All(int, probatio.Range(min=1, max=ROWS_MAX)),
    }
)


@callback
def async_register_history_actions(hass: HomeAssistant) -> None:
    """Once, whether or not an entry is set up."""
    hass.services.async_register(
        DOMAIN, SERVICE_DIGEST, _digest, schema=_DIGEST, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, SERVICE_EXPORT_EVENTS, _export, schema=_EXPORT, supports_response=SupportsResponse.ONLY
    )


async def _digest(call: ServiceCall) -> ServiceResponse:
    """The kept digest, or one that is made now: that may cost a call, so it needs the permission to control."""
    at = call.data.get("at")
    results: dict[str, Any] = {}
    for monitor in await async_cribs_meant(call, POLICY_CONTROL):
        desk = monitor.entry.runtime_data.reports.digests
        try:
            digest = await desk.async_digest(monitor, DigestSpan(call.data["span"]), dt_util.as_utc(at) if at else None)
        except StoreError as error:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="store_unreadable") from error
        results[monitor.config.name] = None if digest is None else digest_details(digest)
    return {"cribs": results}


async def _export(call: ServiceCall) -> ServiceResponse:
    start, end = (dt_util.as_utc(at) if (at := call.data.get(key)) else None for key in ("start", "end"))
    kinds = call.data.get("kinds")
    query = ExportQuery(start=start, end=end, kinds=tuple(kinds) if kinds else None, limit=call.data["limit"])
    results: dict[str, Any] = {}
    for monitor in await async_cribs_meant(call, POLICY_READ):
        export = await async_export(monitor, query)
        url = export_url(monitor.config.crib_id, query)
        results[monitor.config.name] = {
            "csv": export.csv,
            "rows": export.rows,
            "truncated": export.truncated,
            "url": async_sign_path(call.hass, url, _LINK_LASTS, use_content_user=call.context.user_id is None),
        }
    return {"cribs": results}
