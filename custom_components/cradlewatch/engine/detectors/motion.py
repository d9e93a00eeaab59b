"""Motion on or off, the activity level and the activity state.

Activity level, 0-100: the share of the crib region (of the whole picture where no crib zone is drawn) that changed
within the last second, on a square-root scale: 0 nothing, 10 a hand (1 % of the region), 30 arms and legs (10 %),
50 the whole body turns (25 %), 100 everything moves.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models import Activity, EventKind, Signal
from ..settings import Zone
from .backend import Picture
from .grid import Mask, count3, count5, grow, highest3, polygon_mask, windows_of
from .reference import RECENT_S
from .view import Upset, View

HOLD_S = 0.7
"""Quiet for so long before motion is off. With the older reference of `change.py`: about 1.3 s after the last move."""
_LOW = 0.95
_BLOCK_WINDOWS = 5
"""A single block of a coder covers so many windows."""
_BURST_WINDOWS = 12
_CONFIRM_S = 0.95
"""Less than the second of a clock in the picture."""
_ENOUGH_WEIGHT = 4
_SHAKE_BEGINS_S, _SHAKE_PAUSE_S = 1.5, 1.0
_CLEARLY = 3.0
"""Times the limit."""
_FADES_S = 0.18
_FRESH = 0.5
"""Times the change against the reference."""
_ALTERNATES = 0.5
"""Times the change since the frame before: what moves is further from where it was two frames ago, not nearer."""
_BESIDE = 0.3
"""Times what its strongest neighbour was a moment ago."""
_FORGET_LONE = 0.999
_MAX_GAP_S = 1.6
_LEVEL_S = 1.0
_RISE = ((Activity.ACTIVE, 40.0), (Activity.MODERATE, 22.0), (Activity.CALM, 4.0))
_FALL_SHARE = 0.7
_STATE_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Vote:
    """Windows that speak for movement in one frame.

    weight: 2, or 1 where all of the picture changed or begins to shake.
    """

    at_s: float
    windows: Mask
    weight: int


class MotionDetector:
    """Motion by agreement of neighbouring windows over two frames, with hysteresis."""

    def __init__(self) -> None:
        self._on = False
        self._votes: deque[_Vote] = deque(maxlen=5)
        self._ratios: deque[tuple[float, Picture]] = deque(maxlen=8)
        self._pictures: deque[Picture] = deque(maxlen=2)
        self._lone_windows = 0.0
        self._last_low_s = -1e9
        self._seen_s = -1e9
        self._shaken_s = self._shake_since_s = -1e9

    @property
    def active(self) -> bool:
        """Motion is on."""
        return self._on

    @property
    def suspected_s(self) -> float:
        """When a change was last seen, confirmed or not (monotonic)."""
        return self._seen_s

    def detect(self, view: View) -> tuple[Signal, ...]:
        at_s = view.frame.at_s
        strong = view.changed
        solid = int(np.count_nonzero(strong))
        if view.coded and solid:
            # Single blocks here and there, and hot pixels, are no body, however many of them change.
            strong = strong & (count5(strong) > _BLOCK_WINDOWS)
            solid = int(np.count_nonzero(strong))
        self._note_shake(view)
        if view.upset is Upset.BREAK or not view.settled or view.gap_s > _MAX_GAP_S:
            self._votes.clear()
        elif solid and not self._on and view.upset is not Upset.RECODED:
            self._vote(strong, view)
        self._ratios.append((at_s, view.ratio))
        self._pictures.append(view.picture)
        if self._on:
            if view.upset in {Upset.NONE, Upset.SHAKE} and self._goes_on(view, solid):
                self._last_low_s = at_s
            return self._perhaps_off(at_s)
        self._lone_windows *= _FORGET_LONE
        if not self._is_movement(view, solid):
            if view.upset is not Upset.BREAK and view.settled:
                self._lone_windows = max(self._lone_windows, float(solid))
            return ()
        self._on, self._last_low_s = True, at_s
        peak = float(view.ratio.max())
        details = {"windows": solid, "ratio": round(peak, 2)}
        return (Signal(kind=EventKind.MOTION, active=True, at_s=at_s, score=_score(peak), details=details),)

    def _note_shake(self, view: View) -> None:
        at_s = view.frame.at_s
        if view.whole or view.upset is Upset.SHAKE or view.shift_xy_px != (0.0, 0.0):
            if at_s - self._shaken_s > _SHAKE_PAUSE_S:
                self._shake_since_s = at_s
            self._shaken_s = at_s
        if view.upset is Upset.SHAKE:
            # It explains what all of the picture did just before.
            self._votes = deque((vote for vote in self._votes if vote.weight > 1), maxlen=self._votes.maxlen)

    def _shake_begins(self, at_s: float) -> bool:
        """The camera has only just begun to shake: what undoing it leaves at the strongest edges is not known yet."""
        return at_s - self._shaken_s <= _SHAKE_PAUSE_S and at_s - self._shake_since_s < _SHAKE_BEGINS_S

    def _goes_on(self, view: View, solid: int) -> bool:
        """Enough windows still change, if only nearly above their limits."""
        enough = _BLOCK_WINDOWS if view.coded else 2
        if solid >= enough:
            return True
        low = view.ratio > _LOW
        return int(np.count_nonzero(low & (count3(low) >= 3))) >= enough

    def _vote(self, strong: Mask, view: View) -> None:
        """A change speaks for movement where it is new: what fades in step with the reference happened once."""
        at_s = view.frame.at_s
        while len(self._ratios) > 1 and at_s - self._ratios[1][0] >= _FADES_S:
            self._ratios.popleft()
        if self._ratios and self._ratios[0][1].shape == strong.shape and at_s - self._ratios[0][0] < RECENT_S:
            age_s = at_s - self._ratios[0][0]
            before = self._ratios[0][1]
            strong = strong & (view.ratio > (1 - 0.5 * age_s / RECENT_S) * before)
            # Next to a step that fades the light's share in it is judged anew every frame, up or down a little.
            strong &= view.ratio > np.float32(_BESIDE) * highest3(before)
        if np.count_nonzero(strong) >= 2:
            strong = strong & self._goes_further(view)
        if np.count_nonzero(strong) >= 2:
            self._votes.append(_Vote(at_s, strong, 1 if view.whole or self._shake_begins(at_s) else 2))
            self._seen_s = at_s

    def _goes_further(self, view: View) -> Mask | np.bool_:
        """Windows that changed since the frame before, and are not back where they were two frames ago.

        A step (a digit of a clock) is over at once: what is left of it is its shadow in the reference. The fields of an
        interlaced picture go to and fro.
        """
        if len(self._pictures) < 2 or any(picture.shape != view.picture.shape for picture in self._pictures):
            return np.True_
        two_ago, one_ago = (windows_of(view.backend.powers(view.picture - picture)) for picture in self._pictures)
        fresh: Mask = one_ago > np.float32(_FRESH**2) * view.residual * view.residual
        return fresh & (two_ago > np.float32(_ALTERNATES**2) * one_ago)

    def _is_movement(self, view: View, solid: int) -> bool:
        """Two votes close to each other within a second, or one by more windows than any lone change of late.

        Where all of the picture changed it takes four: a shake that begins looks like a body close to the lens, but its
        frames are soon told from one.
        """
        at_s = view.frame.at_s
        if not self._votes or self._votes[-1].at_s != at_s:
            return False
        last = self._votes[-1].windows
        # A coder that codes the picture anew changes many windows, and all of them a little.
        clear = not (view.coded and view.rises) or float(view.ratio[last].max()) > _CLEARLY
        clear &= not view.whole
        if clear and solid >= max(_BURST_WINDOWS, 2 * self._lone_windows):
            return True
        near = grow(grow(last))
        agreeing = [vote for vote in self._votes if at_s - vote.at_s < _CONFIRM_S and bool((near & vote.windows).any())]
        return sum(vote.weight for vote in agreeing) >= _ENOUGH_WEIGHT

    def _perhaps_off(self, at_s: float) -> tuple[Signal, ...]:
        if at_s - self._last_low_s < HOLD_S:
            return ()
        return self.close(at_s)

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self._votes.clear()
        if not self._on:
            return ()
        self._on = False
        return (Signal(kind=EventKind.MOTION, active=False, at_s=at_s),)

    def reset(self) -> None:
        """Forget the past."""
        self._votes.clear()
        self._ratios.clear()
        self._pictures.clear()
        self._lone_windows, self._seen_s = 0.0, -1e9
        self._shaken_s = self._shake_since_s = -1e9


def _score(peak_ratio: float) -> float:
    """0.5 at the limit, towards 1 far above it."""
    return round(1 - 0.5 / max(1.0, peak_ratio), 2)


class ActivityMeter:
    """Level 0-100 and state with hysteresis."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._cribs = tuple(zone for zone in zones if zone.kind == "crib")
        self._region: Mask | None = None
        self._moved: deque[tuple[float, Mask]] = deque(maxlen=16)
        self._state = Activity.STILL
        self._lower_since_s: float | None = None
        self.level = 0.0

    @property
    def state(self) -> Activity:
        """The activity state."""
        return self._state

    def update(self, view: View, *, motion: bool) -> None:
        """Take in one view. Without motion the level is 0: single restless windows are no activity."""
        at_s = view.frame.at_s
        if view.upset is not Upset.RECODED:
            self._moved.append((at_s, view.changed))
        while self._moved and at_s - self._moved[0][0] > _LEVEL_S:
            self._moved.popleft()
        self.level = self._level(view.valid) if motion else 0.0
        self._update_state(at_s)

    def _level(self, valid: Mask) -> float:
        if self._region is None or self._region.shape != valid.shape:
            self._region = np.zeros(valid.shape, bool)
            for zone in self._cribs:
                self._region |= polygon_mask(zone.points_xy, (valid.shape[0], valid.shape[1]))
            if not self._region.any():
                self._region[:] = True
        region = self._region & valid
        size = int(region.sum())
        moved = np.zeros(region.shape, bool)
        for _, mask in self._moved:
            if mask.shape == region.shape:
                moved |= mask
        return 100.0 * float(np.sqrt(int((moved & region).sum()) / size)) if size else 0.0

    def _update_state(self, at_s: float) -> None:
        """Up at once, down after two seconds below 0.7 of the limit."""
        risen = next((state for state, limit in _RISE if self.level >= limit), Activity.STILL)
        if _ORDER[risen] >= _ORDER[self._state]:
            self._state, self._lower_since_s = risen, None
            return
        own = next(limit for state, limit in _RISE if state is self._state)
        if self.level >= _FALL_SHARE * own:
            self._lower_since_s = None
            return
        if self._lower_since_s is None:
            self._lower_since_s = at_s
        if at_s - self._lower_since_s >= _STATE_S:
            self._state, self._lower_since_s = risen, None

    def reset(self) -> None:
        """Back to still."""
        self._moved.clear()
        self._state, self._lower_since_s, self.level = Activity.STILL, None, 0.0


_ORDER = {Activity.STILL: 0, Activity.CALM: 1, Activity.MODERATE: 2, Activity.ACTIVE: 3}
