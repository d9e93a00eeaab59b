"""Windows and their reports in Home Assistant's media browser: crib, day, window."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .engine.errors import StoreError
from .engine.windows.states import StoredWindow, WindowState

if TYPE_CHECKING:
    from .monitor import CribMonitor

WINDOW = "window"
_DAYS = 3
_ENDED = (WindowState.COMPLETED, WindowState.PARTIAL, WindowState.FAILED)


def crib_folders(hass: HomeAssistant) -> list[BrowseMediaSource]:
    """A folder of windows for each crib."""
    return [_folder(f"{WINDOW}/{crib_id}", monitor.config.name) for crib_id, monitor in _monitors(hass).items()]


async def async_browse_windows(hass: HomeAssistant, identifier: str) -> BrowseMediaSource:
    """`window/<crib>` lists days, `window/<crib>/<date>` its windows, newest first. Raises BrowseError."""
    _, crib_id, day = (*identifier.split("/"), "")[:3]
    monitor = _monitors(hass).get(crib_id)
    if monitor is None:
        raise BrowseError("Unknown crib")
    here = _folder(identifier, f"{monitor.config.name} {day}".strip())
    if not day:
        today = dt_util.now().date()
        days = [(today - timedelta(days=back)).isoformat() for back in range(_DAYS)]
        here.children = [_folder(f"{WINDOW}/{crib_id}/{name}", name) for name in days]
        return here
    start = dt_util.parse_datetime(f"{day}T00:00:00")
    if start is None:
        raise BrowseError("Unknown day")
    here.children = [_window(crib_id, row) for row in await _rows(monitor, start) if row.state in _ENDED]
    return here


async def _rows(monitor: CribMonitor, start: datetime) -> list[StoredWindow]:
    start = start.replace(tzinfo=dt_util.get_default_time_zone())
    book = monitor.entry.runtime_data.reports.book
    try:
        found: list[StoredWindow] = await book.windows(
            monitor.config.crib_id,
            start=dt_util.as_utc(start),
            end=dt_util.as_utc(start + timedelta(days=1)),
            limit=500,
        )
    except StoreError as error:
        raise BrowseError("The history cannot be read") from error
    return found


def _window(crib_id: str, row: StoredWindow) -> BrowseMediaSource:
    at = dt_util.as_local(row.window.start_at).strftime("%H:%M")
    said = row.state.value if row.score is None else f"{row.state.value}, {row.score}"
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"{WINDOW}/{crib_id}/{row.window.name}",
        media_class=MediaClass.VIDEO,
        media_content_type="video/mp4",
        title=f"{at} ({said})",
        can_play=True,
        can_expand=False,
    )


def _folder(identifier: str, title: str) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        title=title,
        can_play=False,
        can_expand=True,
    )


def _monitors(hass: HomeAssistant) -> dict[str, CribMonitor]:
    return {
        crib_id: monitor
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.state is ConfigEntryState.LOADED
        for crib_id, monitor in entry.runtime_data.cribs.items()
    }
