"""What is kept of a crib in Home Assistant's media browser: crib, day, then incidents and windows by time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from homeassistant.components.media_player.const import MediaClass
from homeassistant.components.media_player.errors import BrowseError
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .engine.errors import StoreError
from .engine.models import MonitorEvent, Phase
from .engine.windows.states import StoredWindow, WindowState
from .phrases import words_of
from .snapshots import CLIPS, SNAPSHOT_URL, SNAPSHOTS, find_footage
from .storage import footage_path
from .window_views import THUMBNAIL_URL, find_window

if TYPE_CHECKING:
    from .monitor import CribMonitor

WINDOW = "window"
_DAYS = 14
_INCIDENTS_MAX = 500
_TITLE_MAX = 90
_ENDED = (WindowState.COMPLETED, WindowState.PARTIAL, WindowState.FAILED)


def crib_folders(hass: HomeAssistant) -> list[BrowseMediaSource]:
    """A folder for each crib."""
    return [_folder(f"{WINDOW}/{crib_id}", monitor.config.name) for crib_id, monitor in _monitors(hass).items()]


async def async_browse_crib(hass: HomeAssistant, identifier: str) -> BrowseMediaSource:
    """`window/<crib>` lists days, `window/<crib>/<date>` what is kept of one, newest first. Raises BrowseError."""
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
    start = start.replace(tzinfo=dt_util.get_default_time_zone())
    here.children = await _kept_of(hass, monitor, start)
    return here


async def _kept_of(hass: HomeAssistant, monitor: CribMonitor, start: datetime) -> list[BrowseMediaSource]:
    """Incidents and windows that began within the day from `start`, local time."""
    windows = [row for row in await _rows(monitor, start) if row.state in _ENDED]
    try:
        stored = await monitor.async_query_events(
            start=dt_util.as_utc(start), end=dt_util.as_utc(start + timedelta(days=1)), limit=_INCIDENTS_MAX
        )
    except StoreError as error:
        raise BrowseError("The history cannot be read") from error
    # The words of its beginning: a list of things that "ended" would say little.
    events = [replace(item.event, phase=Phase.OPENED) for item in stored]
    root, crib_id = footage_path(hass), monitor.config.crib_id

    def look() -> tuple[dict[str, _Footage], set[str]]:
        there = {event.event_id: _Footage.of(root, event.event_id) for event in events}
        return there, {row.window.name for row in windows if find_window(root, crib_id, row.window.name)}

    footage, clips = await hass.async_add_executor_job(look)
    items = [
        (event.started_at, _incident(hass, event, monitor.config.name, footage[event.event_id]))
        for event in events
        if footage[event.event_id].any
    ]
    items += [(row.window.start_at, _window(crib_id, row)) for row in windows if row.window.name in clips]
    return [item for _, item in sorted(items, key=lambda entry: entry[0], reverse=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Footage:
    """What is still kept of an incident."""

    clip: bool
    snapshot: bool

    @classmethod
    def of(cls, root: Path, event_id: str) -> _Footage:
        """Look on the disk. Blocking."""
        return cls(
            clip=find_footage(root, CLIPS, event_id, ".mp4") is not None,
            snapshot=find_footage(root, SNAPSHOTS, event_id, ".jpg") is not None,
        )

    @property
    def any(self) -> bool:
        """Is there something to show."""
        return self.clip or self.snapshot


def _incident(hass: HomeAssistant, event: MonitorEvent, name: str, kept: _Footage) -> BrowseMediaSource:
    at = dt_util.as_local(event.started_at).strftime("%H:%M:%S")
    kind = "clip" if kept.clip else "snapshot"
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"{kind}/{event.event_id}",
        media_class=MediaClass.VIDEO if kept.clip else MediaClass.IMAGE,
        media_content_type="video/mp4" if kept.clip else "image/jpeg",
        title=f"{at} {words_of(hass, event, name).title}"[:_TITLE_MAX],
        can_play=True,
        can_expand=False,
        # The frontend fetches it with the log-in of whoever looks.
        thumbnail=SNAPSHOT_URL.format(event_id=event.event_id) if kept.snapshot else None,
    )


async def _rows(monitor: CribMonitor, start: datetime) -> list[StoredWindow]:
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
        thumbnail=THUMBNAIL_URL.format(crib_id=crib_id, name=row.window.name),
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
