"""Clips of the incidents of one crib: begun when one opens, ended some time after it, told when they are on disk."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
import logging
import time

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from . import issues
from .engine.clip_shelf import ClipShelf
from .engine.clips import Clip, ClipHandle
from .engine.errors import DiskFullError, StoreError
from .engine.kept_files import Clocks
from .engine.loop import CameraLoop
from .engine.models import EventKind, MonitorEvent, Phase
from .engine.settings import ClipSettings
from .snapshots import CLIP_URL, CLIPS
from .storage import footage_path

_LOGGER = logging.getLogger(__name__)
# A signal is as old as its frame; the ring does not reach further back anyway.
_MAX_AGE_S = 10.0
_PRUNE_EVERY_S = 3600.0
_LOOK_FOR_ROOM_EVERY_S = 30.0
# Of the system, or found long after it happened: a clip of these shows nothing.
_WITHOUT = frozenset(
    {
        EventKind.CAMERA_LOST,
        EventKind.CAMERA_BACK,
        EventKind.CONFIDENCE_LOW,
        EventKind.AI_UNAVAILABLE,
        EventKind.BUDGET_SPENT,
        EventKind.STAGE_CHANGED,
        EventKind.FELL_ASLEEP,
        EventKind.TOO_DARK,
        EventKind.PICTURE_FROZEN,
        EventKind.TEST,
    }
)


@dataclass(slots=True)
class _Recording:
    """A clip in work. `event` is the incident as last told."""

    event: MonitorEvent
    handle: ClipHandle | None = None
    off_s: float | None = None


class ClipDesk:
    """Event loop only; the writing is done by threads of the engine, and nothing here is waited for by the picture."""

    def __init__(
        self, hass: HomeAssistant, crib_id: str, settings: ClipSettings, ready: Callable[[MonitorEvent], None]
    ) -> None:
        self._hass = hass
        self._crib_id = crib_id
        self._ready = ready
        self._shelf = ClipShelf(footage_path(hass, CLIPS, crib_id), Clocks.now())
        self._recordings: dict[str, _Recording] = {}
        self._failing = False
        self._prune_s = float("-inf")
        self._look_s = float("inf")
        self.settings = settings
        self.name = ""
        self.stopped_for_room = False
        self.failures = 0

    @callback
    def on_incidents(self, events: Sequence[MonitorEvent], loop: CameraLoop | None) -> None:
        """Begin a clip for each incident that opens; one that goes on again within its merge time has its clip."""
        for event in events:
            if recording := self._recordings.get(event.event_id):
                recording.event = event
            elif event.phase is Phase.OPENED and event.kind not in _WITHOUT and self.settings.enabled and loop:
                self._recordings[event.event_id] = _Recording(event)
                self._hass.async_create_background_task(
                    self._begin(event, loop), f"cradlewatch clip {event.event_id}", eager_start=True
                )

    @callback
    def tick(self, on_ids: Collection[str], now_s: float) -> None:
        """About once a second: end the clips of incidents (ids) that have been off for long enough."""
        for event_id, recording in self._recordings.items():
            if event_id in on_ids:
                recording.off_s = None
                continue
            if recording.off_s is None:
                recording.off_s = now_s
            if recording.handle is not None and now_s - recording.off_s >= self.settings.post_s:
                recording.handle.finish(0)
        if now_s >= self._prune_s:
            self._prune()
        if now_s >= self._look_s:
            self._look_s = now_s + _LOOK_FOR_ROOM_EVERY_S
            self._hass.async_create_background_task(self._look_for_room(), "cradlewatch room for clips")

    async def _begin(self, event: MonitorEvent, loop: CameraLoop) -> None:
        age_s = min(_MAX_AGE_S, max(0.0, (event.changed_at - event.started_at).total_seconds()))
        begins_s = time.monotonic() - self.settings.pre_s - age_s

        def work() -> ClipHandle:
            if not self._shelf.has_room(self.settings):
                raise DiskFullError("there is no room on the disk")
            return loop.start_clip(self._shelf.path_of(event.event_id), time.monotonic() - begins_s)

        try:
            handle = await self._hass.async_add_executor_job(work)
        except (OSError, StoreError) as error:
            self._recordings.pop(event.event_id, None)
            self._failed(error)
            return
        self._has_room()
        if recording := self._recordings.get(event.event_id):
            recording.handle = handle
        handle.result.add_done_callback(partial(self._from_thread, event.event_id))

    def _from_thread(self, event_id: str, result: Future[Clip]) -> None:
        try:
            self._hass.loop.call_soon_threadsafe(self._done, event_id, result)
        except RuntimeError:
            _LOGGER.debug("A clip was done after Home Assistant was")

    @callback
    def _done(self, event_id: str, result: Future[Clip]) -> None:
        recording = self._recordings.pop(event_id)
        if error := result.exception():
            self._failed(error)
            return
        self._failing = False
        url = CLIP_URL.format(event_id=event_id)
        now_at = dt_util.utcnow()
        self._ready(replace(recording.event, phase=Phase.UPDATED, changed_at=now_at, notable=False, clip=url))
        self._prune()

    @callback
    def _prune(self) -> None:
        self._prune_s = time.monotonic() + _PRUNE_EVERY_S
        if not self._hass.is_stopping:
            in_work = frozenset(self._recordings)
            self._hass.async_create_background_task(self._pruned(in_work), "cradlewatch old clips")

    async def _pruned(self, in_work: frozenset[str]) -> None:
        try:
            await self._hass.async_add_executor_job(self._shelf.prune, self.settings, in_work)
        except OSError as error:
            _LOGGER.debug("Old clips could not be removed: %s", type(error).__name__)

    async def _look_for_room(self) -> None:
        try:
            found = await self._hass.async_add_executor_job(self._shelf.has_room, self.settings)
        except OSError as error:
            _LOGGER.debug("The clips' folder cannot be used: %s", type(error).__name__)
            return
        if found:
            self._has_room()

    @callback
    def _has_room(self) -> None:
        if self.stopped_for_room:
            _LOGGER.info("There is room again: clips of %s are recorded", self.name)
            self.stopped_for_room = False
            issues.disk_has_room(self._hass, self._crib_id)
        self._look_s = float("inf")

    @callback
    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        if isinstance(error, DiskFullError):
            self._shelf.found_full()
            self._look_s = time.monotonic() + _LOOK_FOR_ROOM_EVERY_S
            if not self.stopped_for_room:
                self.stopped_for_room = True
                issues.disk_full(self._hass, self._crib_id, self.name)
        if not self._failing:
            _LOGGER.warning("A clip of %s could not be kept: %s", self.name, error)
        self._failing = True
