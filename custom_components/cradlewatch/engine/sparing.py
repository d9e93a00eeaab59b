"""The stream of viewers, looked at as seldom as is safe: keyframes only while nothing moves, and nothing missed.

What is left undecoded is kept until the next keyframe, with the one that it builds on. Where packets grow, or the next
keyframe shows something else than the last, the detectors are given every frame since, in order, before they see what
came after.
"""

from collections.abc import Sequence

from av.video.frame import PictureType, VideoFrame

from .backlog import Backlog
from .decoder import Decoder
from .economy import Attention, IdleEconomy
from .keyframe_watch import KeyframeWatch
from .models import Signal
from .ports import Senses
from .source.types import MediaItem

_STILL_S = 3.0
"""Without movement for so long a picture shows nothing of it any more."""
_B_FRAMES_S = 60.0
"""A stream with B frames is looked at always: after keyframes alone the detectors missed faint movement in it."""
_NOISY_GOP_S = 1.05
"""In strong noise neither packets nor what lies elsewhere afterwards tell of a short movement: it is not spared, unless
a keyframe falls into each second of it."""


class SparingEye:
    """Decides packet by packet what is decoded, and gives it to the detectors. In the loop's thread only."""

    def __init__(self, decoder: Decoder, senses: Senses, *, enabled: bool) -> None:
        self._decoder = decoder
        self._senses = senses
        self._economy = IdleEconomy(enabled=enabled)
        self._backlog = Backlog()
        self._keyframes = KeyframeWatch()
        self._shown_s = self._b_frame_s = float("-inf")
        self.skipped = 0
        """Packets that were never decoded."""
        self.rewinds = 0
        """Keyframes that showed something else than the last one."""

    @property
    def idle(self) -> bool:
        """Only keyframes are decoded."""
        return self._economy.idle

    @property
    def wakes(self) -> int:
        """How often keyframes were no longer enough, false alarms included."""
        return self._economy.wakes

    @property
    def too_noisy(self) -> bool:
        """Every frame is looked at since the picture's noise would hide a short movement between two keyframes."""
        gop_s = self._economy.gop_s
        return self._senses.noisy and gop_s is not None and gop_s > _NOISY_GOP_S

    def forget(self) -> None:
        """Another connection, another source of pictures, or privacy: what was kept is gone."""
        self._leave_out()
        self._keyframes.forget()
        self._economy.forget()
        self._b_frame_s = float("-inf")

    def follow(self, item: MediaItem) -> bool:
        """Let the economy know of a packet; True where it may be left undecoded."""
        return self._economy.on_packet(
            item.packet.size,
            is_key=item.is_key,
            at_s=item.arrived_s,
            attention=self._attention(item.arrived_s),
        )

    def _attention(self, at_s: float) -> Attention:
        senses = self._senses
        has_b_frames = at_s - self._b_frame_s < _B_FRAMES_S
        # What waits to be looked at after an alarm is known to nobody yet.
        waits = bool(self._backlog) and not self.idle
        cannot = has_b_frames or self.too_noisy or self._backlog.is_heavy
        return Attention(
            wants_every_frame=waits or cannot or senses.wants_every_frame,
            found_calm=senses.found_calm,
            calm_for_s=0.0 if waits else senses.calm_for_s,
            moved_s=senses.moved_s,
        )

    def video(self, item: MediaItem, behind_s: float) -> Sequence[Signal]:
        """Signals of what is looked at now. `behind_s`: how late the loop is."""
        idle = self.follow(item)
        if isinstance(item.frame, VideoFrame):
            return self._look(item, behind_s)
        if self._backlog.too_long_at(item):
            self._leave_out()
        if idle and item.is_key:
            return self._on_idle_key(item, behind_s)
        if not idle and not self._backlog:
            return self._look(item, behind_s)
        self._backlog.hold(item)
        return () if idle else self._catch_up(behind_s)

    def _on_idle_key(self, item: MediaItem, behind_s: float) -> Sequence[Signal]:
        frames = self._decoder.decode_alone(item)
        if frames and self._backlog and self._differs(frames[-1]):
            self._economy.alarm(item.arrived_s)
            self.rewinds += 1
            self._backlog.hold(item)
            return self._catch_up(behind_s)
        self._leave_out()
        # The next ones build on it, should they be looked at after all.
        self._backlog.hold(item)
        return self._show(item, frames, behind_s)

    def _leave_out(self) -> None:
        held = self._backlog.clear()
        # The first of them is the keyframe, which was decoded.
        self.skipped += max(0, held - 1)

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
        if item.arrived_s <= self._shown_s:
            return ()
        self._shown_s = item.arrived_s
        signals: list[Signal] = []
        for frame in frames:
            if frame.pict_type == PictureType.B and self._decoder.reorders:
                self._b_frame_s = item.arrived_s
            if frame.key_frame and item.frame is None:
                calm = item.arrived_s - self._senses.moved_s > _STILL_S
                self._keyframes.looked(self._decoder.small_gray(frame), calm=calm)
            signals += self._decoder.picture(frame, item.arrived_s, behind_s)
        return signals
