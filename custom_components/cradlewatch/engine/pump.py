"""What is done with one connection to the camera.

Packets go to the ring (relay, clips) first; then, as far as there is time, to the detectors.
"""

from collections import deque
from collections.abc import Callable
import time

from .errors import SourceChangedError
from .figures import EncodingCost, LagMeter
from .link import LinkWatch
from .lookout import Lookout
from .models import LoopFigures, StreamInfo
from .outlet import Outlet
from .ports import LoopSink, Senses
from .retry import Retry
from .settings import LoopSettings
from .source.types import AbortToken, MediaItem, Source

_READING_EVERY_S = 1.0
# What was gathered while the source was opened comes in one burst: late by nobody's fault.
_LAG_AFTER_S = 2.0
_LIVES_AFTER_S = 3.0
"""A connection that ends sooner counts as another failure, however well it began."""


class Pump:
    """In the loop's thread, apart from `in_thread`, `figures` and the counts."""

    def __init__(
        self,
        settings: LoopSettings,
        senses: Senses,
        sink: LoopSink,
        *,
        outlet: Outlet,
        lookout: Lookout,
        link: LinkWatch,
        retry: Retry,
    ) -> None:
        self._lost_after_s = settings.lost_after_s
        self._senses = senses
        self._sink = sink
        self._outlet = outlet
        self._lookout = lookout
        self._link = link
        self._retry = retry
        self._lag = LagMeter()
        self._encoding = EncodingCost()
        self._orders: deque[Callable[[], object]] = deque(maxlen=16)
        self._frames_total = 0
        self._jumps_seen = 0
        self._lag_from_s = 0.0
        self._last_video_s: float | None = None
        self._opened_s = float("inf")
        self._next_reading_s = 0.0
        self.reconnects = 0
        self.info: StreamInfo | None = None
        """What the source delivers; None before the first connection."""

    @property
    def encoding_core_percent(self) -> float | None:
        """Share of a core for a camera that viewers could not play; None where nothing is encoded."""
        return self._encoding.core_percent

    def figures(self) -> LoopFigures:
        """Figures of the last minute."""
        rate, p50, p99, highest = self._lag.summary(time.monotonic())
        return LoopFigures(
            frame_rate_fps=rate,
            lag_p50_ms=p50,
            lag_p99_ms=p99,
            lag_max_ms=highest,
            frames_total=self._frames_total,
            frames_detected=self._lookout.detected,
            packets_dropped=self._outlet.dropped,
            reconnects=self.reconnects,
            viewers=self._outlet.relay.viewers,
            viewers_cut=self._outlet.relay.viewers_cut,
            second_source=self._lookout.second_source(),
        )

    def in_thread(self, order: Callable[[], object]) -> None:
        """Run `order` before the next frame; any thread. Must be quick."""
        self._orders.append(order)

    def run(self, source: Source, abort: AbortToken) -> None:
        """Pass on what `source` delivers until it ends or `abort` says so. Raises SourceError, RelayError."""
        self._opened_s = time.monotonic()
        self._begin(source)
        while self._pass_on(source, abort):
            if not self._outlet.bears(source, time.monotonic()):
                self._begin(source)

    @property
    def lives(self) -> bool:
        """The connection lasted long enough: what ends it now is not what failed before."""
        return time.monotonic() - self._opened_s >= _LIVES_AFTER_S

    def _pass_on(self, source: Source, abort: AbortToken) -> bool:
        """Packets until the end; True where the same connection goes on with a stream of another shape."""
        items = source.items() if source.info.encoder is None else self._encoding.of(source.items())
        try:
            for item in items:
                if abort.aborted:
                    return False
                if item.stream.type == "video":
                    self._on_video(item)
                else:
                    self._on_audio(item)
        except SourceChangedError as change:
            if not change.goes_on:
                raise
            return True
        return False

    def end_signals(self) -> None:
        """What was going on is not known to go on."""
        signals = self._senses.close(time.monotonic())
        if signals:
            self._sink.on_signals(signals)

    def forget(self) -> None:
        """Nothing of the picture stays in memory."""
        self._outlet.forget()
        self._senses.reset()
        self._lookout.forget()
        self._lag.clear()

    def _begin(self, source: Source) -> None:
        """Make ready for a new connection; viewers go on where its shape is that of the last one."""
        now_s = time.monotonic()
        if self._last_video_s is not None and now_s - self._last_video_s > self._lost_after_s:
            # What was going on before a long outage is not known to go on still.
            self.end_signals()
        self._encoding.clear()
        self._lag.clear()
        self._lag_from_s = now_s + _LAG_AFTER_S
        if self._outlet.source_opened(source, now_s):
            self._sink.on_generation()
        self.info = source.info
        self._lookout.source_opened(source.info)
        self._sink.on_info(source.info)

    def _on_video(self, item: MediaItem) -> None:
        self._last_video_s = item.arrived_s
        self._outlet.send(item)
        self._link.packet(item.arrived_s)
        self._frames_total += 1
        done_s = time.monotonic()
        self._measure_lag(done_s)
        if self.lives:
            self._retry.forget()
        while self._orders:
            self._orders.popleft()()
        signals = self._lookout.video(item, self._lag.newest_lag_s())
        if signals:
            self._sink.on_signals(signals)
        if done_s >= self._next_reading_s:
            self._next_reading_s = done_s + _READING_EVERY_S
            self._sink.on_reading(self._senses.reading(done_s), self.figures())

    def _measure_lag(self, done_s: float) -> None:
        jumps = self._outlet.counts.video_jumps
        if jumps != self._jumps_seen:
            self._jumps_seen = jumps
            self._lag.clear()
        if done_s < self._lag_from_s:
            return
        self._lag.add(self._outlet.video_out_s, done_s)

    def _on_audio(self, item: MediaItem) -> None:
        self._outlet.send(item)
        signals = self._lookout.audio(item)
        if signals:
            self._sink.on_signals(signals)
