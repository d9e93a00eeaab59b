"""Footage by crib and day, and the one frame that an AI task is asked about, as Home Assistant's media."""

from pathlib import Path
from typing import override

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .media_days import WINDOW, async_browse_crib, crib_folders
from .snapshots import CLIP_URL, CLIPS, FRAMES, SNAPSHOT_URL, SNAPSHOTS, find_footage, is_event_id
from .storage import footage_path
from .window_views import find_window, window_url

_KINDS = {
    "snapshot": (SNAPSHOTS, ".jpg", "image/jpeg", SNAPSHOT_URL),
    "clip": (CLIPS, ".mp4", "video/mp4", CLIP_URL),
}
_FRAME = "frame"


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Set up by media_source."""
    return CradlewatchMedia(hass)


def frame_media_id(token: str) -> str:
    """Media content id of a frame file."""
    return f"media-source://{DOMAIN}/{_FRAME}/{token}"


class CradlewatchMedia(MediaSource):
    """Resolves `snapshot/<event_id>`, `clip/<event_id>` and `frame/<token>` to files of ours, and to nothing else."""

    name = "Cradlewatch"

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        kind, _, name = item.identifier.partition("/")
        if kind == WINDOW:
            return await self._window(name)
        if not is_event_id(name):
            raise Unresolvable("No such picture")
        root = footage_path(self.hass)
        if kind == _FRAME:
            path = await self.hass.async_add_executor_job(_existing, root / FRAMES / f"{name}.jpg")
            mime_type, url = "image/jpeg", "/api/cradlewatch/frame"
        elif kind in _KINDS:
            folder, suffix, mime_type, template = _KINDS[kind]
            path = await self.hass.async_add_executor_job(find_footage, root, folder, name, suffix)
            url = template.format(event_id=name)
        else:
            raise Unresolvable("No such picture")
        if path is None:
            raise Unresolvable("No such picture")
        return PlayMedia(url=url, mime_type=mime_type, path=path)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        if (item.identifier or "").startswith(f"{WINDOW}/"):
            return await async_browse_crib(self.hass, item.identifier)
        if item.identifier:
            raise BrowseError("Nothing to browse there")
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier="",
            media_class=MediaClass.DIRECTORY,
            media_content_type="",
            title=self.name,
            can_play=False,
            can_expand=True,
            children=crib_folders(self.hass),
        )

    async def _window(self, name: str) -> PlayMedia:
        crib_id, _, window = name.partition("/")
        path = await self.hass.async_add_executor_job(find_window, footage_path(self.hass), crib_id, window)
        if path is None:
            raise Unresolvable("The clip of this window is not kept any more")
        return PlayMedia(url=window_url(crib_id, window), mime_type="video/mp4", path=path)


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
