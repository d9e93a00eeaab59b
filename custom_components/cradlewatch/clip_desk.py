"""Clips of the serious incidents of one crib: begun when one opens, ended with it, told when they are on disk."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
import logging

from homeassistant.core import HomeAssistant, callback

from .engine.clips import Clip, ClipHandle
from .engine.errors import StoreError
from .engine.loop import CameraLoop
from .engine.models import EventKind, MonitorEvent, Phase, Severity
from .snapshots import CLIP_URL, CLIPS, prune
from .storage import footage_path

_LOGGER = logging.getLogger(__name__)
_PRE_S = 10.0
_POST_S = 5.0
# Of the system, not of the child: a clip of them shows nothing.
_WITHOUT = frozenset(
    {
        EventKind.CAMERA_LOST,
        EventKind.CAMERA_BACK,
        EventKind.CONFIDENCE_LOW,
        EventKind.AI_UNAVAILABLE,
        EventKind.BUDGET_SPENT,
        EventKind.LENS_COVERED,
        EventKind.TOO_DARK,
        EventKind.PICTURE_FROZEN,
        EventKind.TEST,
    }
)
# Worth seeing at any severity. Motion is not: a memory card would not live long.
_ALWAYS = frozenset({EventKind.CRYING, EventKind.OUT_OF_VIEW})


class ClipDesk:
    """Event loop only; the writing is done by threads of the engine."""

    def __init__(self, hass: HomeAssistant, crib_id: str, ready: Callable[[str, str], None]) -> None:
        self._hass = hass
        self._folder = footage_path(hass, CLIPS, crib_id)
        self._ready = ready
        self._handles: dict[str, ClipHandle] = {}
        self._failing = False
        self.failures = 0

    @callback
    def on_incidents(self, events: Sequence[MonitorEvent], loop: CameraLoop | None) -> None:
        """Begin and end clips."""
        for event in events:
            if event.phase is Phase.ENDED:
                if handle := self._handles.get(event.event_id):
                    handle.finish(_POST_S)
            elif event.notable and loop is not None and event.event_id not in self._handles and _worth(event):
                self._begin(event.event_id, loop)

    def _begin(self, event_id: str, loop: CameraLoop) -> None:
        path = self._folder / f"{event_id}.mp4"
        try:
            # Only a thread is started here: the ring is read and the file made in it.
            handle = loop.start_clip(path, _PRE_S)
        except StoreError as error:
            self._failed(error)
            return
        self._handles[event_id] = handle
        handle.result.add_done_callback(partial(self._from_thread, event_id))

    def _from_thread(self, event_id: str, result: Future[Clip]) -> None:
        try:
            self._hass.loop.call_soon_threadsafe(self._done, event_id, result)
        except RuntimeError:
            _LOGGER.debug("A clip was done after Home Assistant was")

    @callback
    def _done(self, event_id: str, result: Future[Clip]) -> None:
        self._handles.pop(event_id, None)
        if error := result.exception():
            self._failed(error)
            return
        self._failing = False
        self._ready(event_id, CLIP_URL.format(event_id=event_id))
        if not self._hass.is_stopping:
            self._hass.async_add_executor_job(self._prune)

    def _prune(self) -> None:
        try:
            prune(self._folder)
        except OSError as error:
            _LOGGER.debug("Old clips could not be removed: %s", error)

    def _failed(self, error: BaseException) -> None:
        self.failures += 1
        if not self._failing:
            _LOGGER.warning("A clip could not be kept: %s", error)
        self._failing = True


def _worth(event: MonitorEvent) -> bool:
    if event.kind in _WITHOUT:
        return False
    return event.kind in _ALWAYS or event.severity.rank >= Severity.WARNING.rank
