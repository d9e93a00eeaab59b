"""The stream of viewers, looked at as seldom as is safe: keyframes only while nothing moves, and nothing missed.

What is left undecoded is kept until the next keyframe. Where packets grow, or that keyframe shows something else than
the last one, the detectors are given every frame since, in order, before they see what came after.
"""

from collections.abc import Sequence

from av.video.frame import VideoFrame

from .backlog import Backlog
from .decoder import Decoder
from .economy import IdleEconomy
from .keyframe_watch import KeyframeWatch
from .models import Signal
from .ports import Senses
from .source.types import MediaItem


class SparingEye:
    """Decides packet by packet what is decoded, and gives it to the detectors. In the loop's thread only."""

    def __init__(self, decoder: Decoder, senses: Senses, *, enabled: bool) -> None:
        self._decoder = decoder
        self._senses = senses
        self._economy = IdleEconomy(enabled=enabled)
        self._backlog = Backlog()
        self._keyframes = KeyframeWatch()
        self._last_key: MediaItem | None = None
        self._shown_s = float("-inf")
        self.skipped = 0
        """Packets that were never decoded."""
        self.rewinds = 0
        """Keyframes that showed something else than the last one."""

    @property
    def idle(self) -> bool:
        """Only keyframes are decoded."""
        return self._economy.idle

    def forget(self) -> None:
        """Another connection, another source of pictures, or privacy: what was kept is gone."""
        self.skipped += self._backlog.clear()
        self._keyframes.forget()
        self._last_key = None

    def follow(self, item: MediaItem) -> bool:
        """Let the economy know of a packet; True where it may be left undecoded."""
        return self._economy.on_packet(
            item.packet.size,
            is_key=item.is_key,
            at_s=item.arrived_s,
            wants_every_frame=self._senses.wants_every_frame,
            found_calm=self._senses.found_calm,
        )

    def video(self, item: MediaItem, behind_s: float) -> Sequence[Signal]:
        """Signals of what is looked at now. `behind_s`: how late the loop is."""
        idle = self.follow(item)
        if isinstance(item.frame, VideoFrame):
            return self._look(item, behind_s)
        if self._backlog.too_long_at(item):
            self.skipped += self._backlog.clear()
        if idle and item.is_key:
            return self._on_idle_key(item, behind_s)
        if not idle and not self._backlog:
            return self._look(item, behind_s)
        self._backlog.hold(item)
        return () if idle else self._catch_up(behind_s)

    def _on_idle_key(self, item: MediaItem, behind_s: float) -> Sequence[Signal]:
        frames = self._decoder.decode(item)
        if frames and self._backlog and self._last_key is not None and self._differs(frames[-1]):
            self._economy.alarm(item.arrived_s)
            self.rewinds += 1
            # From the last keyframe on again: its own picture was shown, those after it were not.
            self._decoder.restart()
            self._backlog.begin_with(self._last_key)
            self._backlog.hold(item)
            return self._catch_up(behind_s)
        self.skipped += self._backlog.clear()
        return self._show(item, frames, behind_s)

    def _differs(self, frame: VideoFrame) -> bool:
        return self._keyframes.differs(self._decoder.small_gray(frame))

    def _catch_up(self, behind_s: float) -> Sequence[Signal]:
        signals: list[Signal] = []
        for held in self._backlog.within_budget():
            signals += self._look(held, behind_s)
        return signals

    def _look(self, item: MediaItem, behind_s: float) -> Sequence[Signal]:
        return self._show(item, self._decoder.decode(item), behind_s)

    def _show(self, item: MediaItem, frames: Sequence[VideoFrame], behind_s: float) -> Sequence[Signal]:
        if item.is_key:
            self._last_key = item
        if item.arrived_s <= self._shown_s:
            return ()
        self._shown_s = item.arrived_s
        signals: list[Signal] = []
        for frame in frames:
            if item.is_key and item.frame is None:
                self._keyframes.looked(self._decoder.small_gray(frame), calm=not self._senses.wants_every_frame)
            signals += self._decoder.picture(frame, item.arrived_s, behind_s)
        return signals
