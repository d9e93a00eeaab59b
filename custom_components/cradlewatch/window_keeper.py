"""Records the windows of one crib: takes pictures in the frame thread, tells of windows on the event loop.

The recorder outlives the frame threads: whatever becomes of the camera, a window closes on time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
import logging
from pathlib import Path
import statistics
import time
from typing import Any

from av.video.frame import VideoFrame
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import CONF_CROP, CONF_PROVIDER, CONF_ROTATION, CONF_SOUND_REPORTS, CONF_VIDEO_REPORTS, ProviderName
from .coordinator import CribState
from .cribs import CribConfig
from .engine.errors import StoreError
from .engine.models import AudioBlock, LinkState
from .engine.store.recovery import recover
from .engine.windows.bounds import Window, WindowClock
from .engine.windows.pace import Pace, pace_of
from .engine.windows.recorder import ClosedWindow, WindowRecorder
from .engine.windows.settings import WindowSettings
from .engine.windows.shelf import WindowShelf
from .report_book import StoreBook
from .snapshots import WINDOWS
from .storage import AsyncStore, footage_path

_LOGGER = logging.getLogger(__name__)
_TRY_AGAIN_S = 60.0
_STOP_S = 2.5
_LEVELS_MAX = 3600
USUAL = WindowSettings()


def windows_folder(hass: HomeAssistant, crib_id: str) -> Path:
    """Where the clips of a crib's windows lie: outside of backups."""
    return footage_path(hass, WINDOWS, crib_id)


class WindowKeeper:
    """A `ports.FrameTap`; `on_picture` is the frame thread's, all else the event loop's."""

    interval_s: float = Pace.NORMAL.value

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        config: CribConfig,
        store: AsyncStore,
        *,
        on_closed: Callable[[ClosedWindow], None],
        on_closing: Callable[[Window], None] = lambda _window: None,
        settings: WindowSettings | None = None,
    ) -> None:
        self.settings = settings or USUAL
        self.folder = windows_folder(hass, config.crib_id)
        self._shelf = WindowShelf(self.folder)
        self._hass = hass
        self._entry = entry
        self._config = config
        self._store = store
        self._book = StoreBook(store)
        self._on_closed = on_closed
        self._on_closing = on_closing
        self._recorder: WindowRecorder | None = None
        self._link: LinkState | None = None
        self._levels: deque[int] = deque(maxlen=_LEVELS_MAX)
        """Levels of activity since the last window closed, about one a second."""
        self._stopped = False
        self.closed = 0
        self.close_late_ms: float | None = None
        """From the end of the last window until its clip was there."""

    @callback
    def start(self) -> None:
        """Begin; what an earlier run left is settled first, and nobody waits for it."""
        self._entry.async_create_background_task(self._hass, self._start(), f"cradlewatch windows {self._config.slug}")

    async def async_stop(self) -> None:
        """Leave the running window on disk: the next start goes on with it."""
        self._stopped = True
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        stopping = self._hass.async_add_executor_job(recorder.stop)
        done, _ = await asyncio.wait({stopping}, timeout=_STOP_S)
        if not done or not stopping.result():
            _LOGGER.warning("The window recorder of %s did not stop in time", self._config.name)

    def on_picture(self, frame: VideoFrame, at_s: float) -> None:
        """Frame thread: pass it on; never waits."""
        recorder = self._recorder
        if recorder is not None:
            recorder.on_picture(frame, at_s)
            self.interval_s = recorder.interval_s

    def on_sound(self, block: AudioBlock) -> None:
        """Frame thread: pass it on; never waits."""
        recorder = self._recorder
        if recorder is not None:
            recorder.on_sound(block)

    @callback
    def link_changed(self, state: LinkState) -> None:
        """The connection changed, or the camera was turned off."""
        self._link = state
        if self._recorder is not None:
            self._recorder.set_link(state)

    @callback
    def tick(self, state: CribState, *, incident: bool, sound: bool) -> None:
        """How often pictures are worth keeping, and whether a sound that matters is going on. About once a second."""
        if state.activity_level is not None:
            self._levels.append(state.activity_level)
        if self._recorder is None:
            return
        self._recorder.set_sound(allowed=self.sound_allowed(state), wanted=sound)
        self._recorder.set_pace(
            pace_of(
                sleep=state.sleep,
                activity=state.activity,
                occupancy=state.occupancy,
                sounds=bool(state.sound or state.crying),
                incident=incident,
            )
        )

    def sound_allowed(self, state: CribState) -> bool:
        """By its own consent, and only where a model that hears is sent the video at all."""
        options = self._entry.options
        sent = options.get(CONF_VIDEO_REPORTS, True) and not options.get(CONF_CROP, False)
        hears = self._entry.data.get(CONF_PROVIDER) == ProviderName.GEMINI
        return bool(options.get(CONF_SOUND_REPORTS, False) and sent and hears and state.ai_on and not state.privacy)

    async def async_prune(self) -> None:
        """Keep the clips within their limits."""
        try:
            await self._hass.async_add_executor_job(self._shelf.prune, self.settings)
        except OSError as error:
            _LOGGER.warning("Old window clips of %s cannot be removed: %s", self._config.name, error.strerror)

    def figures(self) -> dict[str, Any]:
        """Plain figures for diagnostics."""
        counts = self._recorder.counts if self._recorder else None
        return {
            "recording": counts is not None,
            "closed": self.closed,
            "close_late_ms": self.close_late_ms,
            "frames_written": counts.written if counts else 0,
            "frames_dropped": counts.dropped_waiting + counts.dropped_size if counts else 0,
            "frames_failed": counts.failed if counts else 0,
        }

    async def _start(self) -> None:
        told = False
        while not self._stopped:
            try:
                clock = await self._recovered()
            except (StoreError, OSError) as error:
                if not told:
                    _LOGGER.warning("The windows of %s cannot be recorded yet: %s", self._config.name, error)
                told = True
                await asyncio.sleep(_TRY_AGAIN_S)
                continue
            await self.async_prune()
            if not self._stopped:
                self._record(clock)
            return

    async def _recovered(self) -> WindowClock:
        zone = dt_util.get_default_time_zone()
        return await self._store.async_read(
            recover, self.folder, self._config.crib_id, dt_util.utcnow(), zone, self.settings.length_s
        )

    @callback
    def _record(self, clock: WindowClock) -> None:
        recorder = WindowRecorder(
            self.folder,
            clock,
            lambda: (datetime.now(UTC), time.monotonic()),
            self._closed_in_thread,
            name=self._config.slug,
            on_opened=lambda window: self._hop(self._opened, window),
            rotation_deg=int(self._config.source_data.get(CONF_ROTATION) or 0),
        )
        recorder.on_closing = lambda window: self._hop(self._closing, window)
        if self._link is not None:
            recorder.set_link(self._link)
        recorder.start()
        self._recorder = recorder

    def _closed_in_thread(self, closed: ClosedWindow) -> None:
        self.close_late_ms = (datetime.now(UTC) - closed.window.end_at).total_seconds() * 1000
        self._hop(self._closed, closed)

    def _hop[T](self, action: Callable[[T], None], value: T) -> None:
        try:
            self._hass.loop.call_soon_threadsafe(action, value)
        except RuntimeError:
            _LOGGER.debug("The event loop is closed")

    @callback
    def _opened(self, window: Window) -> None:
        if not self._stopped:
            self._book.opened(self._config.crib_id, window)

    @callback
    def _closing(self, window: Window) -> None:
        if not self._stopped:
            self._on_closing(window)

    @callback
    def _closed(self, closed: ClosedWindow) -> None:
        if self._stopped:
            return
        self.closed += 1
        activity = statistics.fmean(self._levels) if self._levels else None
        self._levels.clear()
        self._book.closed(self._config.crib_id, closed, activity)
        self._on_closed(closed)
        self._entry.async_create_background_task(self._hass, self.async_prune(), "cradlewatch prune windows")
