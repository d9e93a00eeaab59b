"""Figures of the frame loop: rate and lag over the last minute."""

from collections import deque
from collections.abc import Iterator
import threading
import time

_WINDOW_S = 60.0
_LINE_FRAMES = 90


class LagMeter:
    """Lateness of frames against the camera's own clock, at the moment at which viewers were given them.

    The frame of the last minute that came earliest by the camera's clock sets the line; a frame's lag is how much
    later than this line it was passed on. So it holds the camera's own jitter, the network's and ours, and not the
    constant part of the way. Fed by the loop's thread, read by any.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, float]] = deque()
        self._lowest: deque[tuple[int, float]] = deque()
        """Number and offset of the newest samples, each lower than those after it: the first is the lowest of them."""
        self._count = 0

    def clear(self) -> None:
        """Another connection: another clock."""
        with self._lock:
            self._samples.clear()
            self._lowest.clear()

    def add(self, timeline_s: float, done_s: float) -> None:
        """A frame of the time `timeline_s` (camera's clock, made continuous) was passed on at `done_s`."""
        with self._lock:
            offset_s = done_s - timeline_s
            self._samples.append((done_s, offset_s))
            while self._lowest and self._lowest[-1][1] >= offset_s:
                self._lowest.pop()
            self._count += 1
            self._lowest.append((self._count, offset_s))
            if self._lowest[0][0] <= self._count - _LINE_FRAMES:
                self._lowest.popleft()
            while self._samples[0][0] < done_s - _WINDOW_S:
                self._samples.popleft()

    def newest_lag_s(self) -> float:
        """Lag of the newest frame; 0.0 before there is any."""
        with self._lock:
            if not self._samples:
                return 0.0
            # The line of the last seconds is enough to tell whether we are behind now.
            return self._samples[-1][1] - self._lowest[0][1]

    def summary(self, now_s: float) -> tuple[float, float, float, float]:
        """(frames a second, lag p50, p99, max in ms) over the last minute."""
        with self._lock:
            samples = [sample for sample in self._samples if sample[0] >= now_s - _WINDOW_S]
        if len(samples) < 2:
            return 0.0, 0.0, 0.0, 0.0
        # A stall is part of the rate: time runs until now.
        span_s = max(now_s - samples[0][0], 1e-6)
        rate = (len(samples) - 1) / span_s
        offsets = sorted(offset for _, offset in samples)
        line = offsets[0]

        def percentile(share: float) -> float:
            return (offsets[min(len(offsets) - 1, int(share * len(offsets)))] - line) * 1000

        return rate, percentile(0.5), percentile(0.99), (offsets[-1] - line) * 1000


class EncodingCost:
    """What it costs to encode a camera that viewers could not play: share of a core since the connection began."""

    def __init__(self) -> None:
        self._spent_s = 0.0
        self._began_s: float | None = None

    @property
    def core_percent(self) -> float | None:
        """Reading, decoding and encoding together; None where nothing is encoded."""
        if self._began_s is None:
            return None
        return round(100 * self._spent_s / max(1.0, time.monotonic() - self._began_s), 1)

    def clear(self) -> None:
        """Another connection."""
        self._spent_s, self._began_s = 0.0, None

    def of[T](self, items: Iterator[T]) -> Iterator[T]:
        """`items`, with the CPU time of this thread that each took to come."""
        self._spent_s, self._began_s = 0.0, time.monotonic()
        while True:
            before_s = time.thread_time()
            try:
                item = next(items)
            except StopIteration:
                return
            self._spent_s += time.thread_time() - before_s
            yield item
