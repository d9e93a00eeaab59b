"""Incidents of a crib as a CSV file over HTTP, for logged-in people who may read that crib, and signed links."""

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util
from yarl import URL

from .const import DOMAIN, KEY_EVENT
from .export import ROWS_MAX, ExportQuery, async_export

if TYPE_CHECKING:
    from .monitor import CribMonitor

EXPORT_URL = "/api/cradlewatch/export/{crib_id}"


def export_url(crib_id: str, query: ExportQuery) -> str:
    """Address of the file, its period included."""
    asked: dict[str, str] = {"limit": str(query.limit)}
    if query.start is not None:
        asked["start"] = query.start.isoformat()
    if query.end is not None:
        asked["end"] = query.end.isoformat()
    if query.kinds is not None:
        asked["kinds"] = ",".join(query.kinds)
    return str(URL(EXPORT_URL.format(crib_id=crib_id)).with_query(asked))


class ExportView(HomeAssistantView):
    """The CSV of one crib."""

    requires_auth = True
    url = EXPORT_URL
    name = "api:cradlewatch:export"

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def get(self, request: web.Request, crib_id: str) -> web.StreamResponse:
        """The file; 404 for an unknown crib, 403 for who may not read it, 400 for what is no period."""
        monitor = self._monitor(crib_id)
        if monitor is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        entity_id = er.async_get(self._hass).async_get_entity_id("event", DOMAIN, f"{crib_id}_{KEY_EVENT}")
        user = request[KEY_HASS_USER]
        if entity_id is None or not user.permissions.check_entity(entity_id, POLICY_READ):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        try:
            query = _query(request)
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        try:
            export = await async_export(monitor, query)
        except HomeAssistantError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        headers = {
            "Content-Disposition": f'attachment; filename="cradlewatch-{dt_util.now():%Y%m%d-%H%M}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        # The mark at the beginning tells a spreadsheet that it is UTF-8.
        return web.Response(
            body=export.csv.encode("utf-8-sig"), content_type="text/csv", charset="utf-8", headers=headers
        )

    def _monitor(self, crib_id: str) -> CribMonitor | None:
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            cribs: dict[str, CribMonitor] = entry.runtime_data.cribs
            if crib_id in cribs:
                return cribs[crib_id]
        return None


def _query(request: web.Request) -> ExportQuery:
    """Raises ValueError."""
    asked = request.query
    kinds = asked.get("kinds")
    return ExportQuery(
        start=_moment(asked.get("start")),
        end=_moment(asked.get("end")),
        kinds=tuple(kinds.split(",")) if kinds else None,
        limit=max(1, min(int(asked.get("limit", ROWS_MAX)), ROWS_MAX)),
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return dt_util.as_utc(at)
