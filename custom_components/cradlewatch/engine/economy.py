"""Idle economy: decode keyframes only while nothing moves, and every frame at the first sign of motion or sound.

The sign comes before any decoding: a picture in which something moves needs larger packets than the still
one before it. A GOP too long to be blind for is never skipped.

Waking is cheap and quick to be wrong: coders make larger packets for reasons of their own. So what ends a false
alarm is not a higher limit but the detectors, once they have looked at every frame for a while and found nothing.
"""

_MAX_GOP_S = 2.6
_QUIET_BEFORE_IDLE_S = 30.0
_LOOK_S = 6.0
"""So long every frame is decoded after a wake at the least, whatever the detectors say."""

_WAKE_FACTOR = 2.0
_WAKE_EXTRA_BYTES = 400
_LEARN = 0.02
# One larger packet alone is the encoder's own doing (many make one in each GOP); motion makes several in a row.
_LARGER_IN_A_ROW = 2

_LEARN_PLACE = 0.25
_MIN_SPREAD_SHARE = 0.03
_MIN_SPREAD_BYTES = 12.0
_DRIFT = 2.0
_MOST = 6.0
_LIMIT, _LIMIT_MAX = 8.0, 60.0
_LIMIT_STEP = 1.5
"""A false alarm raises the fine rule's limit by this factor, a true one lowers it: not all coders are as steady.
What a higher limit lets pass is found in the next keyframe (`keyframe_watch.py`)."""


class PacketSizes:
    """Tells whether packets are larger than a still picture's, by two rules of which one is enough.

    The coarse one: twice the usual size, twice in a row. The fine one, for small bodies in noisy pictures: a sum of
    what packets have more than those at the same place of earlier GOPs, in units of how much sizes spread anyway.
    """

    def __init__(self) -> None:
        self._usual: float | None = None
        self._in_a_row = 0
        self._place = 0
        self._places: list[float] = []
        self._spread = 0.0
        self._sum = 0.0
        self._limit = _LIMIT

    def judged(self, *, true: bool) -> None:
        """The detectors looked after an alarm: something moved, or nothing did."""
        step = 1 / _LIMIT_STEP if true else _LIMIT_STEP
        self._limit = min(_LIMIT_MAX, max(_LIMIT, self._limit * step))

    def on_key(self) -> None:
        """A GOP begins."""
        self._place = 0

    def is_larger(self, size_bytes: int) -> bool:
        """Take in the size of a packet that is no keyframe; True where something seems to move."""
        coarse, fine = self._coarse(size_bytes), self._fine(size_bytes)
        return coarse or fine

    def _coarse(self, size_bytes: int) -> bool:
        usual = self._usual
        if usual is None:
            self._usual = float(size_bytes)
            return False
        self._usual = usual + _LEARN * (min(size_bytes, 4 * usual + 1) - usual)
        larger = size_bytes > _WAKE_FACTOR * usual + _WAKE_EXTRA_BYTES
        self._in_a_row = self._in_a_row + 1 if larger else 0
        return self._in_a_row >= _LARGER_IN_A_ROW

    def _fine(self, size_bytes: int) -> bool:
        place, self._place = self._place, self._place + 1
        if place >= len(self._places):
            self._places.append(float(size_bytes))
            return False
        expected = self._places[place]
        more = size_bytes - expected
        spread = max(self._spread, _MIN_SPREAD_SHARE * expected, _MIN_SPREAD_BYTES)
        self._sum = max(0.0, self._sum + min(more / spread, _MOST) - _DRIFT)
        self._places[place] += _LEARN_PLACE * more
        self._spread += _LEARN * (min(abs(more), _MOST * spread) - self._spread)
        if self._sum < self._limit:
            return False
        self._sum = 0.0
        return True


class IdleEconomy:
    """Decides packet by packet; clock-free. In the loop's thread only."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._last_key_s: float | None = None
        self._gop_s: float | None = None
        self._quiet_since_s: float | None = None
        self._sizes = PacketSizes()
        self._alarmed_s = float("-inf")
        self._unjudged = False
        self.idle = False
        self.wakes = 0

    def on_packet(
        self, size_bytes: int, *, is_key: bool, at_s: float, wants_every_frame: bool, found_calm: bool = False
    ) -> bool:
        """True where this packet may be left undecoded unless it is a keyframe.

        `found_calm`: the detectors have looked at every frame for a while and found nothing (`Senses.found_calm`).
        """
        if not self._enabled:
            return False
        if is_key:
            self._on_key(at_s)
        elif self._sizes.is_larger(size_bytes):
            self.alarm(at_s)
            self._unjudged = True
        if wants_every_frame or self._quiet_since_s is None:
            self._wake(at_s)
            self._judge(true=True)
        elif found_calm and at_s - self._alarmed_s >= _LOOK_S:
            self._judge(true=False)
            self._quiet_since_s = min(self._quiet_since_s, at_s - _QUIET_BEFORE_IDLE_S)
        since_s = at_s if self._quiet_since_s is None else self._quiet_since_s
        if at_s - since_s >= _QUIET_BEFORE_IDLE_S and self._gop_s is not None and self._gop_s <= _MAX_GOP_S:
            self.idle = True
        return self.idle

    def _judge(self, *, true: bool) -> None:
        if self._unjudged:
            self._unjudged = False
            self._sizes.judged(true=true)

    def alarm(self, at_s: float) -> None:
        """Something may have moved: every frame from here on, until the detectors have found calm again."""
        self._alarmed_s = at_s
        self._wake(at_s)

    def _on_key(self, at_s: float) -> None:
        self._sizes.on_key()
        if self._last_key_s is not None:
            self._gop_s = at_s - self._last_key_s
            if self._gop_s > _MAX_GOP_S:
                self._wake(at_s)
        self._last_key_s = at_s

    def _wake(self, at_s: float) -> None:
        self._quiet_since_s = at_s
        if self.idle:
            self.idle = False
            self.wakes += 1
