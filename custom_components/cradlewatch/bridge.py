"""Between the frame thread and the event loop: the only place that hops.

What the thread reports is gathered under a lock, and one call on the event loop takes all of it: readings replace
each other, signals and link changes keep their order and are bounded.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
import logging
from pathlib import Path
import threading
from typing import Protocol

from .engine.loop import CameraLoop
from .engine.models import LinkState, LoopFigures, Reading, Signal, StreamInfo
from .engine.ports import FrameTap, Senses
from .engine.settings import LoopSettings, SourceSettings

_LOGGER = logging.getLogger(__name__)
_NEWS_MAX = 512


class Generation:
    """The stream began anew with other parameters."""


type News = LinkState | StreamInfo | Signal | Generation


class BridgeListener(Protocol):
    """Receives what the frame thread found, on the event loop."""

    def on_news(self, news: Sequence[News]) -> None: ...

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None: ...

    def on_thread_end(self, error: BaseException | None) -> None:
        """The frame thread ended by itself, which it never should."""
        ...


class LoopBridge:
    """A LoopSink: any thread in, event loop out. Never blocks; silent once `close` was called."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: BridgeListener) -> None:
        self._loop = loop
        self._listener = listener
        self._lock = threading.Lock()
        self._news: deque[News] = deque()
        self._reading: tuple[Reading, LoopFigures] | None = None
        self._scheduled = False
        self._closed = False
        self.dropped = 0

    def on_link(self, state: LinkState) -> None:
        """Link changes replace nothing: each counts."""
        self._put(state)

    def on_info(self, info: StreamInfo) -> None:
        self._put(info)

    def on_generation(self) -> None:
        self._put(Generation())

    def on_signals(self, signals: Sequence[Signal]) -> None:
        self._put(*signals)

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None:
        """Only the newest reading is of interest."""
        with self._lock:
            self._reading = (reading, figures)
            self._schedule()

    def close(self) -> None:
        """Event loop: nothing is delivered any more."""
        self._closed = True

    def drain(self) -> tuple[News, ...]:
        """Event loop: what waits, for the last time before a stop."""
        with self._lock:
            news = tuple(self._news)
            self._news.clear()
        return news

    def _put(self, *news: News) -> None:
        with self._lock:
            for item in news:
                if len(self._news) >= _NEWS_MAX and isinstance(item, Signal):
                    self.dropped += 1
                else:
                    self._news.append(item)
            self._schedule()

    def _schedule(self) -> None:
        if self._scheduled or self._closed:
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:
            # The loop is closed: Home Assistant is gone, nobody is left to be told.
            self._closed = True
        else:
            self._scheduled = True

    def _deliver(self) -> None:
        with self._lock:
            self._scheduled = False
            news = tuple(self._news)
            self._news.clear()
            reading, self._reading = self._reading, None
        if self._closed:
            return
        if news:
            self._listener.on_news(news)
        if reading is not None:
            self._listener.on_reading(*reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameThreadPlan:
    """What a frame thread is made of."""

    name: str
    source: SourceSettings
    settings: LoopSettings
    senses: Senses
    relay_path: Path
    taps: tuple[FrameTap, ...] = ()
    detection: SourceSettings | None = None
    """A second, lighter stream for the detectors."""


class FrameThread:
    """One camera's loop in an executor thread of its own. Event loop only, apart from what `loop` allows."""

    def __init__(self, loop: asyncio.AbstractEventLoop, plan: FrameThreadPlan, listener: BridgeListener) -> None:
        self._event_loop = loop
        self._listener = listener
        self._name = plan.name
        self.bridge = LoopBridge(loop, listener)
        self.loop = CameraLoop(
            plan.source,
            plan.settings,
            plan.senses,
            self.bridge,
            relay_path=plan.relay_path,
            name=f"cradlewatch-{plan.name}",
            taps=plan.taps,
            detection=plan.detection,
        )
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"cradlewatch-{plan.name}")
        self._future: Future[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Run the loop; it connects by itself."""
        self._future = self._executor.submit(self.loop.run)
        self._future.add_done_callback(self._ended)

    def request_stop(self) -> None:
        """Begin to stop; quick."""
        self._stopping = True
        self.loop.stop()

    async def async_stop(self, limit_s: float) -> bool:
        """Stop within `limit_s`; False where the thread is still busy then (it is left to itself)."""
        self.request_stop()
        stopped = True
        # Its callback is ours: kept, it would keep us, and the loop with all that it holds, in a circle.
        future, self._future = self._future, None
        if future is not None:
            waiting = asyncio.wrap_future(future, loop=self._event_loop)
            done, _ = await asyncio.wait({waiting}, timeout=limit_s)
            stopped = bool(done)
            if done and (error := waiting.exception()):
                _LOGGER.error("The frame loop of %s ended with an error", self._name, exc_info=error)
        self._executor.shutdown(wait=False)
        return stopped

    def let_go(self) -> None:
        """The loop ended by itself: give its thread back."""
        self._stopping = True
        self._future = None
        self.bridge.close()
        self._executor.shutdown(wait=False)

    def _ended(self, future: Future[None]) -> None:
        if self._stopping:
            return
        self._call(lambda: self._listener.on_thread_end(future.exception()))

    def _call(self, action: Callable[[], None]) -> None:
        def unless_stopping() -> None:
            if not self._stopping:
                action()

        try:
            self._event_loop.call_soon_threadsafe(unless_stopping)
        except RuntimeError:
            _LOGGER.debug("The event loop is closed")
