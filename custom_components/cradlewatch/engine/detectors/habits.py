"""What a place does by itself: changes that came more than once and never became movement.

A clock in the picture ticks, a coder renews a block, a hot pixel blinks: each is one step, and stays alone. What came
twice in a place within the last minute or so without movement is usual there, and only more than it is a change.
"""

from collections.abc import Callable

import numpy as np

from .backend import Picture
from .grid import highest3

_SPAN_S = 1.2
"""Long enough to know whether a change became movement."""
_FORGET = 0.985
"""A span: half is forgotten in about 55 s."""

_SHARE_RATE, _ON_AND_ON = 0.13, 0.72
"""A span, and the share of the last ten seconds or so."""


class Habits:
    """Per window, the second highest lone change of late, neighbours included."""

    def __init__(self) -> None:
        self._since_s = -1e9
        self._now: Picture | None = None
        self._before: Picture | None = None
        self._moved_now = self._moved_before = False
        self._moving_share = 0.0
        self._highest: Picture | None = None
        self.usual: Picture | None = None
        """In units of the change put in; None before anything was learned."""

    def update(self, change: Picture, at_s: float, *, moving: bool, small: Callable[[], Picture]) -> None:
        """Take in the change of each window at a time; `moving`: movement is known to go on.

        A breath goes on and on: what stays below `small` becomes a habit then even while it is taken for movement.
        """
        if self._now is None or self._now.shape != change.shape:
            self.reset()
            self._now, self._since_s = change.copy(), at_s
            return
        if at_s - self._since_s >= _SPAN_S:
            if self._before is not None:
                moved = self._moved_now or self._moved_before or moving
                self._moving_share += _SHARE_RATE * (self._moved_before - self._moving_share)
                if not moved:
                    self._learn(self._before)
                elif self._moving_share > _ON_AND_ON:
                    self._learn(np.where(self._before < small(), self._before, 0))
            self._before, self._moved_before = self._now, self._moved_now
            self._now, self._moved_now, self._since_s = change.copy(), False, at_s
        np.maximum(self._now, change, out=self._now)
        self._moved_now |= moving

    def _learn(self, change: Picture) -> None:
        wide = highest3(change)
        if self._highest is None or self.usual is None:
            self._highest, self.usual = wide, np.zeros_like(wide)
            return
        self._highest *= np.float32(_FORGET)
        self.usual *= np.float32(_FORGET)
        np.maximum(self.usual, np.minimum(self._highest, wide), out=self.usual)
        np.maximum(self._highest, wide, out=self._highest)

    def reset(self) -> None:
        """Forget all of it."""
        self._now = self._before = self._highest = self.usual = None
        self._moved_now = self._moved_before = False
