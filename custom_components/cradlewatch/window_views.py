"""Clips of windows over HTTP, for logged-in people and signed links only."""

from http import HTTPStatus
from pathlib import Path

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView

from .snapshots import WINDOWS, is_event_id
from .storage import footage_path

WINDOW_URL = "/api/cradlewatch/window/{crib_id}/{name}"


def window_url(crib_id: str, name: str) -> str:
    """Address of the clip of a window."""
    return WINDOW_URL.format(crib_id=crib_id, name=name)


def find_window(root: Path, crib_id: str, name: str) -> Path | None:
    """The clip of a window, None where there is none. Blocking."""
    if not is_event_id(crib_id) or not is_event_id(name):
        return None
    path = root / WINDOWS / crib_id / f"{name}.mp4"
    return path if path.is_file() else None


class WindowView(HomeAssistantView):
    """The clip of a window."""

    requires_auth = True
    url = WINDOW_URL
    name = "api:cradlewatch:window"

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def get(self, request: web.Request, crib_id: str, name: str) -> web.StreamResponse:
        """The file, or 404: also for what is no name at all."""
        path = await self._hass.async_add_executor_job(find_window, footage_path(self._hass), crib_id, name)
        if path is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {"Content-Type": "video/mp4", "Cache-Control": "private, max-age=3600"}
        return web.FileResponse(path, headers=headers)
