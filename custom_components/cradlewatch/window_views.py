"""Clips of windows and their thumbnails over HTTP, for logged-in people and signed links only."""

from contextlib import closing
from http import HTTPStatus
from pathlib import Path
import time

from aiohttp import web
from av.error import FFmpegError
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView

from .engine.pictures import encode_picture
from .engine.source.own_decoder import pictures_of
from .snapshots import WINDOWS, is_event_id
from .storage import footage_path

WINDOW_URL = "/api/cradlewatch/window/{crib_id}/{name}"
THUMBNAIL_URL = "/api/cradlewatch/window_picture/{crib_id}/{name}"
_THUMBNAIL_PX = 320


def window_url(crib_id: str, name: str) -> str:
    """Address of the clip of a window."""
    return WINDOW_URL.format(crib_id=crib_id, name=name)


def find_window(root: Path, crib_id: str, name: str) -> Path | None:
    """The clip of a window, None where there is none. Blocking."""
    if not is_event_id(crib_id) or not is_event_id(name):
        return None
    path = root / WINDOWS / crib_id / f"{name}.mp4"
    return path if path.is_file() else None


def thumbnail(path: Path) -> bytes | None:
    """The first picture of a clip as a small JPEG; None where it holds none. Blocking."""
    try:
        with closing(pictures_of(path)) as pictures:
            frame = next(pictures, None)
            if frame is None:
                return None
            return encode_picture(frame, time.monotonic(), long_edge_px=_THUMBNAIL_PX, quality=70).jpeg
    except FFmpegError, OSError, IndexError:
        # Still being written, or cut by a crash.
        return None


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


class WindowPictureView(HomeAssistantView):
    """The first picture of a window, for lists."""

    requires_auth = True
    url = THUMBNAIL_URL
    name = "api:cradlewatch:window_picture"

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def get(self, request: web.Request, crib_id: str, name: str) -> web.StreamResponse:
        """The picture, or 404."""
        root = footage_path(self._hass)

        def make() -> bytes | None:
            path = find_window(root, crib_id, name)
            return None if path is None else thumbnail(path)

        jpeg = await self._hass.async_add_executor_job(make)
        if jpeg is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        headers = {"Cache-Control": "private, max-age=3600"}
        return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)
