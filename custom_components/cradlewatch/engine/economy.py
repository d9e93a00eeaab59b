"""Idle economy: decode keyframes only while nothing moves, and every frame at the first sign of motion.

The sign comes before any decoding: a picture in which something moves needs larger packets than the still
one before it. A GOP too long to be blind for is never skipped.
"""

_MAX_GOP_S = 2.6
_QUIET_BEFORE_IDLE_S = 30.0
_WAKE_FACTOR = 2.0
_WAKE_EXTRA_BYTES = 400
_LEARN = 0.02
# One larger packet alone is the encoder's own doing (many make one in each GOP); motion makes several in a row.
_LARGER_IN_A_ROW = 2


class IdleEconomy:
    """Decides packet by packet; clock-free. In the loop's thread only."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._last_key_s: float | None = None
        self._gop_s: float | None = None
        self._quiet_since_s: float | None = None
        self._usual_bytes: float | None = None
        self._larger_in_a_row = 0
        self.idle = False
        self.wakes = 0

    def on_packet(self, size_bytes: int, *, is_key: bool, at_s: float, wants_every_frame: bool) -> bool:
        """True where this packet may be left undecoded unless it is a keyframe."""
        if not self._enabled:
            return False
        if is_key:
            self._on_key(at_s)
        else:
            self._larger_in_a_row = self._larger_in_a_row + 1 if self._is_larger(size_bytes) else 0
            if self._larger_in_a_row >= _LARGER_IN_A_ROW:
                self._wake(at_s)
        if wants_every_frame or self._quiet_since_s is None:
            self._wake(at_s)
        since_s = at_s if self._quiet_since_s is None else self._quiet_since_s
        if at_s - since_s >= _QUIET_BEFORE_IDLE_S and self._gop_s is not None and self._gop_s <= _MAX_GOP_S:
            self.idle = True
        return self.idle

    def _on_key(self, at_s: float) -> None:
        if self._last_key_s is not None:
            self._gop_s = at_s - self._last_key_s
            if self._gop_s > _MAX_GOP_S:
                self._wake(at_s)
        self._last_key_s = at_s

    def _is_larger(self, size_bytes: int) -> bool:
        usual = self._usual_bytes
        if usual is None:
            self._usual_bytes = float(size_bytes)
            return False
        self._usual_bytes = usual + _LEARN * (min(size_bytes, 4 * usual + 1) - usual)
        return size_bytes > _WAKE_FACTOR * usual + _WAKE_EXTRA_BYTES

    def _wake(self, at_s: float) -> None:
        self._quiet_since_s = at_s
        if self.idle:
            self.idle = False
            self.wakes += 1
