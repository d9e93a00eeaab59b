"""Pictures and clips of incidents over HTTP, for logged-in people and signed links only."""

from http import HTTPStatus

from aiohttp import web
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView

from .export_view import ExportView
from .snapshots import CLIP_URL, CLIPS, SNAPSHOT_URL, SNAPSHOTS, find_footage
from .storage import footage_path
from .window_views import WindowPictureView, WindowView
from .zone_picture import ZonesView


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Once; Home Assistant cannot take a view back."""
    hass.http.register_view(FootageView(hass, SNAPSHOT_URL, SNAPSHOTS, ".jpg", "image/jpeg"))
    hass.http.register_view(FootageView(hass, CLIP_URL, CLIPS, ".mp4", "video/mp4"))
    hass.http.register_view(ZonesView(hass))
    hass.http.register_view(WindowView(hass))
    hass.http.register_view(WindowPictureView(hass))
    hass.http.register_view(ExportView(hass))


class FootageView(HomeAssistantView):
    """One kind of footage by the id of its incident."""

    requires_auth = True

    def __init__(self, hass: HomeAssistant, url: str, kind: str, suffix: str, mime_type: str) -> None:
        self.url = url
        self.name = f"api:cradlewatch:{kind}"
        self._hass = hass
        self._kind = kind
        self._suffix = suffix
        self._mime_type = mime_type

    async def get(self, request: web.Request, event_id: str) -> web.StreamResponse:
        """The file, or 404: also for what is no id at all."""
        path = await self._hass.async_add_executor_job(
            find_footage, footage_path(self._hass), self._kind, event_id, self._suffix
        )
        if path is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {"Content-Type": self._mime_type, "Cache-Control": "private, max-age=3600"}
        return web.FileResponse(path, headers=headers)
