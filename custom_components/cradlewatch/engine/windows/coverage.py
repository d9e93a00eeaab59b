"""How much of a window was seen. Pure arithmetic on monotonic seconds."""

import itertools

_GAP_MAX_S = 12.0
"""Pictures further apart than this are a hole: more than twice the idle pace."""


def coverage_of(offsets_s: tuple[float, ...], length_s: float) -> float:
    """The covered share of a window by the times of its frames alone (after a restart)."""
    gaps = (later - earlier for earlier, later in itertools.pairwise(offsets_s))
    return min(1.0, sum(gap for gap in gaps if gap <= _GAP_MAX_S) / length_s) if length_s > 0 else 0.0


class Coverage:
    """Sums the time between pictures that lie close together."""

    def __init__(self) -> None:
        self._begin_s = 0.0
        self._last_s: float | None = None
        self._covered_s = 0.0

    def begin(self, at_s: float) -> None:
        """A window begins. The last picture of the one before still counts for its first seconds."""
        self._begin_s = at_s
        self._covered_s = 0.0

    def seen(self, at_s: float) -> None:
        """A picture came."""
        self._add(at_s)
        self._last_s = at_s

    def end(self, at_s: float, length_s: float) -> float:
        """The window ends: the covered share of `length_s`, 0 to 1."""
        self._add(at_s)
        return min(1.0, max(0.0, self._covered_s / length_s)) if length_s > 0 else 0.0

    def _add(self, at_s: float) -> None:
        if self._last_s is None:
            return
        if at_s - self._last_s <= _GAP_MAX_S:
            self._covered_s += max(0.0, at_s - max(self._last_s, self._begin_s))
