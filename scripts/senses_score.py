"""How a motion detector is judged: onsets it marked itself, time covered, still time flagged, false alarms."""

from dataclasses import dataclass, field

import numpy as np

ONSET_S = 2.0
"""Marked itself: off just before the movement, on within this."""
TAIL_S = 1.6
"""After the movement: going quiet is measured by itself, and is no false alarm."""
WARM_UP_S = 4.0


@dataclass(slots=True)
class Score:
    """Sums over films."""

    intervals: int = 0
    found: int = 0
    marked: int = 0
    delays_s: list[float] = field(default_factory=list)
    quiet_s: list[float] = field(default_factory=list)
    moving_frames: int = 0
    covered_frames: int = 0
    still_frames: int = 0
    flagged_frames: int = 0
    tail_frames: int = 0
    alarms: int = 0
    still_s: float = 0.0
    us: list[float] = field(default_factory=list)

    def add(self, times_s: list[float], on: list[bool], moving: tuple[tuple[float, float], ...], us: float) -> None:
        """Take in one film: the detector's state at each frame."""
        t, state = np.array(times_s), np.array(on)
        self.us.append(us)
        inside, tail = np.zeros(t.size, bool), np.zeros(t.size, bool)
        for start, end in moving:
            # A frame at the very start does not differ yet from the one before it.
            inside |= (t > start + 1e-6) & (t <= end + 0.21)
            tail |= (t > end + 0.21) & (t <= end + TAIL_S)
        tail &= ~inside
        still = ~inside & ~tail & (t >= WARM_UP_S)
        self.moving_frames += int(inside.sum())
        self.covered_frames += int((inside & state).sum())
        self.still_frames += int(still.sum())
        self.flagged_frames += int((still & state).sum())
        self.tail_frames += int((tail & state).sum())
        rises = np.flatnonzero(state[1:] & ~state[:-1]) + 1
        self.alarms += int(still[rises].sum())
        self.still_s += float(still.sum()) * float(np.median(np.diff(t)))
        for start, end in moving:
            self._interval(t, state, start, end)

    def _interval(self, t: np.ndarray, state: np.ndarray, start: float, end: float) -> None:
        self.intervals += 1
        within = (t > start) & (t <= end + 0.4)
        if not bool((state & within).any()):
            return
        self.found += 1
        first = float(t[within & state][0])
        before = state[(t > start - 0.7) & (t <= start)]
        if not bool(before.any()) and first - start <= ONSET_S:
            self.marked += 1
            self.delays_s.append(first - start)
        later = t[(t > end) & ~state]
        if later.size:
            self.quiet_s.append(float(later[0]) - end)

    def line(self) -> str:
        """One row of the table."""
        share = lambda part, whole: f"{100 * part / whole:.2f} %" if whole else "-"  # noqa: E731
        middle = lambda values: f"{np.median(values):.1f}" if values else "-"  # noqa: E731
        return " | ".join(
            [
                f"{self.found}/{self.intervals}",
                f"{self.marked}/{self.intervals}",
                middle(self.delays_s),
                share(self.covered_frames, self.moving_frames),
                share(self.flagged_frames, self.still_frames),
                f"{self.alarms / self.still_s * 3600:.1f}" if self.still_s else "-",
                middle(self.quiet_s),
                f"{np.median(self.us):.0f}",
            ]
        )
