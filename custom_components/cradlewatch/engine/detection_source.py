"""A second, lighter stream of the same camera, for detection only: its own connection in its own thread.

It decodes and hands pictures on; who takes them (the frame loop) stays the only owner of the detectors. Nothing
here can hold up the stream that viewers get: the loop never waits for it, and goes on by itself where it fails.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
import logging
import threading
import time

from av.video.frame import VideoFrame

from .errors import SourceChangedError, SourceError, SourceProblem
from .models import StreamInfo
from .packet_decoder import PacketDecoder
from .retry import Retry
from .settings import LoopSettings, SourceSettings
from .source.open import open_source
from .source.types import AbortToken, MediaItem, Source

_LOGGER = logging.getLogger(__name__)
_SILENT_AFTER_S = 3.0
"""Without a picture for so long it does not deliver, whatever its connection says."""
_WAITING_MAX = 4
_STEADY_S = 30.0


@dataclass(slots=True)
class DetectionCounts:
    """What happened since the start; grows only."""

    decoded: int = 0
    left_out: int = 0
    """Newer ones came before the loop took them."""
    reconnects: int = 0


class DetectionSource:
    """`start`, `pause` and `stop` from any thread; `take` and `delivers` in the frame loop's."""

    def __init__(self, source: SourceSettings, settings: LoopSettings, name: str) -> None:
        self.counts = DetectionCounts()
        self._source_settings = source
        self._retry = Retry(settings)
        self._decoder = PacketDecoder()
        self._change = threading.Condition()
        self._abort = AbortToken()
        self._waiting: deque[tuple[VideoFrame, float]] = deque()
        self._newest_s = float("-inf")
        self._paused = False
        self._stopping = False
        self._info: StreamInfo | None = None
        self._reason: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"{name}-detect", daemon=True)

    @property
    def info(self) -> StreamInfo | None:
        """What it delivers; None before the first connection."""
        return self._info

    @property
    def damaged(self) -> int:
        """Packets that could not be decoded."""
        return self._decoder.damaged

    def reason(self, now_s: float) -> str | None:
        """Why it does not deliver: a SourceProblem value, `connecting` or `no_picture`; None while it does."""
        if self.delivers(now_s):
            return None
        with self._change:
            return self._reason or ("connecting" if self._newest_s == float("-inf") else "no_picture")

    def delivers(self, now_s: float) -> bool:
        """Whether pictures come."""
        with self._change:
            return self._reason is None and now_s - self._newest_s < _SILENT_AFTER_S

    def take(self) -> Sequence[tuple[VideoFrame, float]]:
        """Pictures that came since the last call, with the monotonic second of their arrival."""
        with self._change:
            taken = tuple(self._waiting)
            self._waiting.clear()
        return taken

    def start(self) -> None:
        """Connect, and connect again, until `stop`."""
        self._thread.start()

    def pause(self, *, on: bool) -> tuple[AbortToken, ...]:
        """Privacy: no picture leaves here while on. The caller aborts what is given, off the event loop."""
        with self._change:
            old = (self._abort,) if on else ()
            if on:
                self._forget()
            self._paused = on
            self._change.notify_all()
        return old

    def stop(self) -> AbortToken:
        """End soon. The caller aborts the token, off the event loop."""
        with self._change:
            old = self._abort
            self._stopping = True
            self._forget()
            self._change.notify_all()
        return old

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread after `stop`; True when it has ended, or was never begun."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _forget(self) -> None:
        """The connection of today delivers no more, even where its thread has not noticed yet."""
        self._abort = AbortToken()
        self._waiting.clear()
        self._newest_s = float("-inf")
        self._reason = None

    def _run(self) -> None:
        while (abort := self._next_turn()) is not None:
            self._connect_once(abort)

    def _next_turn(self) -> AbortToken | None:
        """The token of the next connection, once one is wanted; None to end."""
        with self._change:
            self._change.wait_for(lambda: self._stopping or not self._paused)
            return None if self._stopping else self._abort

    def _connect_once(self, abort: AbortToken) -> None:
        began_s = time.monotonic()
        source: Source | None = None
        problem = SourceProblem.CANNOT_CONNECT
        try:
            source = open_source(self._source_settings, abort)
            self._pump(source, abort)
        except SourceChangedError as change:
            _LOGGER.debug("The second source changed: %s", change)
            if self._steady(began_s):
                self._retry.forget()
                return
        except SourceError as error:
            problem = error.problem
            _LOGGER.debug("The second source's connection ended: %s", error)
        except Exception:
            # Nothing may end this thread in silence: the loop watches by the main stream meanwhile.
            _LOGGER.exception("The second source failed")
        finally:
            # Its last pictures: none may stay over privacy, nor until Python collects what held it.
            self._decoder.source_opened()
            if source is not None:
                _close(source)
        if self._failed(problem, abort):
            if self._steady(began_s):
                self._retry.forget()
            self._retry.wait(self._source_settings.spec, problem, abort)

    @staticmethod
    def _steady(began_s: float) -> bool:
        return time.monotonic() - began_s > _STEADY_S

    def _pump(self, source: Source, abort: AbortToken) -> None:
        while self._pass_on(source, abort):
            pass

    def _pass_on(self, source: Source, abort: AbortToken) -> bool:
        """Pictures until it is not wanted any more; True where the same connection goes on in another shape."""
        self._opened(source, abort)
        try:
            for item in source.items():
                if abort.aborted or not self._on_item(item, abort):
                    return False
        except SourceChangedError as change:
            if not change.goes_on:
                raise
            return True
        return False

    def _opened(self, source: Source, abort: AbortToken) -> None:
        self._decoder.source_opened()
        with self._change:
            if abort is self._abort:
                self._info = source.info

    def _on_item(self, item: MediaItem, abort: AbortToken) -> bool:
        """Decode and keep; False where this connection is not wanted any more."""
        if item.stream.type != "video" or self._decoder.skips(item):
            return True
        for frame in self._decoder.decode(item):
            with self._change:
                if abort is not self._abort:
                    return False
                self._reason = None
                self._newest_s = item.arrived_s
                self.counts.decoded += 1
                if len(self._waiting) >= _WAITING_MAX:
                    self._waiting.popleft()
                    self.counts.left_out += 1
                self._waiting.append((frame, item.arrived_s))
        return True

    def _failed(self, problem: SourceProblem, abort: AbortToken) -> bool:
        """Note why; False where it was us who ended it."""
        with self._change:
            if abort is not self._abort or abort.aborted:
                return False
            self._reason = problem.value
            self._waiting.clear()
            self.counts.reconnects += 1
            return True


def _close(source: Source) -> None:
    try:
        source.close()
    except SourceError as error:
        _LOGGER.debug("The second source did not close cleanly: %s", error)
