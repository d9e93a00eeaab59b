"""Whether packets are larger than those of a still picture: known before anything is decoded.

A picture in which something moves needs larger packets than the still one before it. Coders make larger ones for
reasons of their own as well, so each rule's limit is raised by a false alarm beyond what caused it. What a higher
limit lets pass is found in the next keyframe (`keyframe_watch.py`); where that happens the limits come down again.
"""

_WAKE_FACTOR, _WAKE_FACTOR_MAX = 2.0, 16.0
_WAKE_EXTRA_BYTES = 400
_LEARN = 0.02

_LEARN_PLACE = 0.25
_MIN_SPREAD_SHARE = 0.03
_MIN_SPREAD_BYTES = 12.0
_DRIFT = 2.0
_MOST = 6.0
_SUM_LIMIT, _SUM_LIMIT_MAX = 8.0, 60.0

_STEP = 1.5
_BEYOND = 1.2
_LOWER_A_SECOND = _STEP ** (-1 / 600)
"""Ten minutes take back what one false alarm raised: a coder with habits of its own wakes it that seldom."""


class _Limit:
    """A limit that false alarms raise; time, and movement that did not reach it, lower it."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._peak = 0.0
        self._alarmed = False
        self.value = least

    def exceeded_by(self, value: float) -> bool:
        """Whether `value` is above the limit; the highest one is kept until it is judged what it was."""
        alarms = value > self.value
        self._alarmed = self._alarmed or alarms
        self._peak = max(self._peak, value)
        return alarms

    def judged(self, *, true: bool) -> None:
        """The detectors looked: something moved, or nothing did."""
        if true:
            self.value = max(self._least, self.value / _STEP)
        elif self._alarmed:
            self.value = min(self._most, max(self.value * _STEP, self._peak * _BEYOND))
        self._alarmed, self._peak = False, 0.0

    def age(self, seconds: float) -> None:
        """So much time has passed."""
        self.value = max(self._least, self.value * _LOWER_A_SECOND**seconds)


class PacketSizes:
    """Tells whether packets are larger than a still picture's, by two rules of which one is enough.

    The coarse one: twice the usual size, twice in a row. The fine one, for small bodies in noisy pictures: a sum of
    what packets have more than those at the same place of earlier GOPs, in units of how much sizes spread anyway.
    """

    def __init__(self) -> None:
        self._usual: float | None = None
        self._last_factor = 0.0
        self._factor = _Limit(_WAKE_FACTOR, _WAKE_FACTOR_MAX)
        self._place = 0
        self._places: list[float] = []
        self._spread = 0.0
        self._sum = 0.0
        self._sum_limit = _Limit(_SUM_LIMIT, _SUM_LIMIT_MAX)

    def judged(self, *, true: bool) -> None:
        """The detectors looked after an alarm, ours or another: something moved, or nothing did."""
        self._factor.judged(true=true)
        self._sum_limit.judged(true=true)

    def on_key(self, gop_s: float | None) -> None:
        """A GOP begins; the last one took `gop_s`."""
        self._place = 0
        for limit in (self._factor, self._sum_limit):
            limit.age(gop_s or 0.0)

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
        factor = (size_bytes - _WAKE_EXTRA_BYTES) / max(usual, 1.0)
        both, self._last_factor = min(factor, self._last_factor), factor
        return self._factor.exceeded_by(both)

    def _fine(self, size_bytes: int) -> bool:
        place, self._place = self._place, self._place + 1
        if place >= len(self._places):
            self._places.append(float(size_bytes))
            return False
        expected = self._places[place]
        more = size_bytes - expected
        spread = max(self._spread, _MIN_SPREAD_SHARE * expected, _MIN_SPREAD_BYTES)
        self._sum = min(_SUM_LIMIT_MAX, max(0.0, self._sum + min(more / spread, _MOST) - _DRIFT))
        self._places[place] += _LEARN_PLACE * more
        self._spread += _LEARN * (min(abs(more), _MOST * spread) - self._spread)
        return self._sum_limit.exceeded_by(self._sum)
