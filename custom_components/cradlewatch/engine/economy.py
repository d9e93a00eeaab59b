"""Idle economy: decode keyframes only while nothing moves, and every frame at the first sign of motion or sound.

The sign comes before any decoding, by the sizes of packets (`packet_sizes.py`), or with the next keyframe
(`keyframe_watch.py`). A GOP too long to be blind for is never skipped.

Waking is quick to be wrong, so being wrong is cheap: the detectors are given every frame since the last keyframe and
look for two seconds more. Where they find nothing it was a false alarm, keyframes are enough again, and what caused it
causes no other.
"""

from dataclasses import dataclass

from .packet_sizes import PacketSizes

MAX_GOP_S = 2.6
"""What packets do not tell comes with the next keyframe: so late at the most (docs/performance.md: longer ones)."""
_QUIET_BEFORE_IDLE_S = 30.0
_LOOK_S = 2.0
"""So long every frame is looked at after an alarm at the least: what moves is found in half of it."""
_NEWS_AFTER_S = 3.0
"""Larger packets while something moves anyway say nothing about the rules that found them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What the detectors say of what they saw and heard up to now."""

    wants_every_frame: bool
    found_calm: bool = False
    """Every frame was looked at for a while and nothing has moved or sounded for longer (`Senses.found_calm`)."""
    calm_for_s: float = 0.0
    """For so long every frame was looked at and not even a suspicion came of it."""
    moved_s: float = float("-inf")
    """When something moved or sounded last."""


class IdleEconomy:
    """Decides packet by packet; clock-free. In the loop's thread only."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._last_key_s: float | None = None
        self.gop_s: float | None = None
        """Between the last two keyframes."""
        self._quiet_since_s: float | None = None
        self._sizes = PacketSizes()
        self._alarmed_s = float("-inf")
        self._case_s: float | None = None
        """Since when an alarm waits for the detectors' word."""
        self.idle = False
        self.wakes = 0

    def on_packet(self, size_bytes: int, *, is_key: bool, at_s: float, attention: Attention) -> bool:
        """True where this packet may be left undecoded unless it is a keyframe."""
        if not self._enabled:
            return False
        if is_key:
            self._on_key(at_s)
        elif self._sizes.is_larger(size_bytes):
            self._alarm(at_s, is_news=at_s - attention.moved_s > _NEWS_AFTER_S)
        self._judge(at_s, attention)
        if self._last_key_s is not None and at_s - self._last_key_s > MAX_GOP_S:
            # The camera's keyframes come less often from now on, or no more at all.
            self._wake(at_s)
        if attention.wants_every_frame or self._quiet_since_s is None:
            self._wake(at_s)
        elif attention.found_calm and at_s - self._alarmed_s >= _LOOK_S:
            self._quiet_since_s = min(self._quiet_since_s, at_s - _QUIET_BEFORE_IDLE_S)
        # At a keyframe only: what is left out then can be decoded from there on.
        if is_key and self._may_rest(at_s):
            self.idle = True
        return self.idle

    def forget(self) -> None:
        """Another stream: every frame, until it is known to be calm."""
        self._quiet_since_s = None

    def alarm(self, at_s: float) -> None:
        """Something may have moved: every frame from here on, until the detectors have found calm again."""
        self._alarm(at_s, is_news=True)

    def _alarm(self, at_s: float, *, is_news: bool) -> None:
        self._alarmed_s = at_s
        if is_news and self._case_s is None:
            self._case_s = at_s
        self._wake(at_s)

    def _judge(self, at_s: float, attention: Attention) -> None:
        """Was the alarm a true one?"""
        if self._case_s is None:
            return
        if attention.moved_s >= self._case_s - (self.gop_s or 0.0):
            self._sizes.judged(true=True)
            self._case_s = None
        elif attention.calm_for_s >= _LOOK_S and at_s - self._alarmed_s >= _LOOK_S:
            self._sizes.judged(true=False)
            self._case_s = None

    def _may_rest(self, at_s: float) -> bool:
        if self._quiet_since_s is None or self.gop_s is None or self.gop_s > MAX_GOP_S:
            return False
        return at_s - self._quiet_since_s >= _QUIET_BEFORE_IDLE_S

    def _on_key(self, at_s: float) -> None:
        if self._last_key_s is not None:
            self.gop_s = at_s - self._last_key_s
            if self.gop_s > MAX_GOP_S:
                self._wake(at_s)
        self._sizes.on_key(self.gop_s)
        self._last_key_s = at_s

    def _wake(self, at_s: float) -> None:
        self._quiet_since_s = at_s
        if self.idle:
            self.idle = False
            self.wakes += 1
