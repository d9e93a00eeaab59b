"""The camera's picture with a grid in percent and the crib's zones: so that a parent can say where one is."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
import io
from typing import TYPE_CHECKING

from aiohttp import web
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView
from PIL import Image, ImageDraw

from .const import DOMAIN
from .engine.settings import Zone

if TYPE_CHECKING:
    from .monitor import CribMonitor

ZONES_URL = "/api/cradlewatch/zones/{crib_id}"
_SIGNED_FOR = timedelta(minutes=30)
_LONG_EDGE_PX = 800
_COLOURS = {"danger": (220, 60, 50), "crib": (60, 150, 90), "ignore": (120, 120, 120)}


def zones_url(hass: HomeAssistant, crib_id: str) -> str:
    """A link to the picture that works without a log-in for half an hour."""
    return async_sign_path(hass, ZONES_URL.format(crib_id=crib_id), _SIGNED_FOR, use_content_user=True)


def draw_zones(jpeg: bytes, zones: Sequence[Zone]) -> bytes:
    """JPEG of the picture with a line each 10 % and the zones over it."""
    with Image.open(io.BytesIO(jpeg)) as opened:
        image = opened.convert("RGB")
    draw = ImageDraw.Draw(image, "RGBA")
    width, height = image.size
    for tenth in range(1, 10):
        x, y = width * tenth // 10, height * tenth // 10
        draw.line([(x, 0), (x, height)], fill=(255, 255, 255, 110))
        draw.line([(0, y), (width, y)], fill=(255, 255, 255, 110))
        if tenth % 2 == 0:
            draw.text((x + 3, 2), f"{tenth}0", fill=(255, 255, 255, 230), stroke_width=1, stroke_fill=(0, 0, 0, 160))
            draw.text((3, y + 2), f"{tenth}0", fill=(255, 255, 255, 230), stroke_width=1, stroke_fill=(0, 0, 0, 160))
    for zone in zones:
        colour = _COLOURS[zone.kind]
        corners = [(x * width, y * height) for x, y in zone.points_xy]
        draw.polygon(corners, fill=(*colour, 60), outline=(*colour, 255), width=2)
        draw.text(corners[0], zone.name, fill=(255, 255, 255, 255), stroke_width=2, stroke_fill=(*colour, 255))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


class ZonesView(HomeAssistantView):
    """The picture of one crib with its zones; logged-in people and signed links only."""

    url = ZONES_URL
    name = "api:cradlewatch:zones"
    requires_auth = True

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    async def get(self, request: web.Request, crib_id: str) -> web.StreamResponse:
        """The newest picture, or 404 where there is none."""
        monitor = self._monitor(crib_id)
        picture = await monitor.async_picture(max_age_s=10, long_edge_px=_LONG_EDGE_PX) if monitor else None
        if monitor is None or picture is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        drawn = await self._hass.async_add_executor_job(draw_zones, picture.jpeg, monitor.config.zones)
        return web.Response(body=drawn, content_type="image/jpeg", headers={"Cache-Control": "no-store"})

    @callback
    def _monitor(self, crib_id: str) -> CribMonitor | None:
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            monitor: CribMonitor | None = entry.runtime_data.cribs.get(crib_id)
            if monitor is not None:
                return monitor
        return None
