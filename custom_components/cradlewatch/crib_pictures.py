"""What entities and reports see of a crib's camera: its stream and its pictures. A part of `CribMonitor`."""

from collections.abc import Callable
import time
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .bridge import FrameThread
from .engine.models import (
    EventKind,
    Picture,
    Status,
)
from .engine.tracker import IncidentTracker
from .state import StateKeeper
from .thread_keeper import ThreadKeeper


class CribPictures:
    """Event loop only; pictures are encoded in an executor."""

    hass: HomeAssistant
    keeper: StateKeeper
    threads: ThreadKeeper
    tracker: IncidentTracker
    _generation_listeners: list[Callable[[], None]]

    @property
    def _thread(self) -> FrameThread | None:
        return self.threads.thread

    @property
    def stream_address(self) -> str | None:
        """What Home Assistant's stream component reads; None while there is no thread."""
        return self._thread.loop.relay_address if self._thread else None

    @property
    def open_kinds(self) -> tuple[EventKind, ...]:
        """Kinds that are suspected just now."""
        return self.tracker.suspected

    @property
    def suspected_since_s(self) -> float | None:
        """When the oldest suspicion that stands began, monotonic."""
        begun = [event.started_at for event in self.tracker.open_incidents if event.status is Status.SUSPECTED]
        return time.monotonic() - (dt_util.utcnow() - min(begun)).total_seconds() if begun else None

    async def async_pictures_around(self, at_s: float, **how: Any) -> tuple[Picture, ...]:
        """Pictures about a moment of the last ten seconds, encoded in an executor."""
        thread = self._thread
        if thread is None or self.keeper.state.privacy:
            return ()
        return await self.hass.async_add_executor_job(lambda: thread.loop.pictures_around(at_s, **how))

    async def async_picture(self, *, max_age_s: float, **how: Any) -> Picture | None:
        """The newest picture, encoded in an executor."""
        thread = self._thread
        if thread is None or self.keeper.state.privacy:
            return None
        return await self.hass.async_add_executor_job(lambda: thread.loop.picture(max_age_s, **how))

    @callback
    def async_listen_generation(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when viewers must open the stream anew; returns the way out."""
        self._generation_listeners.append(listener)
        return lambda: self._generation_listeners.remove(listener)

    @callback
    def close_old_viewers(self) -> None:
        """The stream component was told: let go of its old connection."""
        if self._thread is not None:
            self._thread.loop.close_old_viewers()

    @callback
    def close_viewers(self) -> None:
        """The stream component's worker is to end now, also where it waits for a packet."""
        if self._thread is not None:
            self._thread.loop.close_viewers()
