"""Small periodic movement, as of a sleeping child: 0.3-1.2 Hz, the size of a chest, in the crib region.

It raises the monitoring confidence, its absence lowers it. It is no breathing rate and no alarm on life: a fan or a
mobile can look the same, and a blanket can hide it.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..settings import Zone
from .backend import Picture
from .grid import Mask, count3, grow
from .swing import Swing, strongest
from .view import Upset, View
from .zones import crib_mask

WINDOW_S = 12.8
_EVERY_S = 2.0
_PEAK_SHARE, _CODED_SHARE, _TRACE_SHARE = 0.5, 0.4, 0.3
"""Of what a cell does, without drift, lamps and coder, at one frequency: it swings; the same where a coder's noise was
taken out; it may swing."""
_HERE = 0.5
"""Share of what may swing alike in the picture."""
_MIN_RMS = 0.12
"""Gray levels of a cell's mean: below it rounding and compression speak."""
_MIN_CELLS = 4
_MAX_SHARE = 0.2
_ALIKE_HZ = 0.1
"""Neighbours swing at one frequency, found as exactly as the window is long."""
_KEEP_S = 20.0
_MIN_FPS = 3.0


class MicroMotionDetector:
    """Swings of cell means over the last 13 seconds without motion."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._times: deque[float] = deque(maxlen=256)
        self._cells: deque[Picture] = deque(maxlen=256)
        self._judged_s = -1e9
        self._found: bool | None = None
        self._crib: Mask | None = None
        self._recoded: deque[float] = deque(maxlen=32)

    def state(self, at_s: float) -> bool | None:
        """Seen in the last window or not; None while there is no window to judge."""
        return self._found if at_s - self._judged_s < _KEEP_S else None

    @property
    def last_judged_s(self) -> float:
        """When a window was judged last."""
        return self._judged_s

    def update(self, view: View, *, motion: bool) -> None:
        """Take in one view; motion, shakes and breaks start the window anew."""
        at_s = view.frame.at_s
        if motion or view.upset in {Upset.SHAKE, Upset.BREAK} or not view.settled or view.gap_s > 2 / _MIN_FPS:
            self._forget_window()
        if self._cells and self._cells[-1].shape != view.cells.shape:
            self._forget_window()
        if view.upset is Upset.RECODED:
            self._recoded.append(at_s)
        self._times.append(at_s)
        self._cells.append(view.cells)
        while at_s - self._times[0] > WINDOW_S:
            self._times.popleft()
            self._cells.popleft()
        if at_s - self._times[0] >= 0.9 * WINDOW_S and at_s - self._judged_s >= _EVERY_S:
            self._judge(at_s, view)

    def _judge(self, at_s: float, view: View) -> None:
        count = len(self._times)
        rate_hz = (count - 1) / (self._times[-1] - self._times[0])
        if rate_hz < _MIN_FPS:
            return
        shape = view.cells.shape
        if self._crib is None or self._crib.shape != shape:
            self._crib = crib_mask(self._zones, (shape[0], shape[1]))
        self._judged_s = at_s
        self._found = self._periodic(np.stack(self._cells))

    def _periodic(self, cells: NDArray[np.float32]) -> bool:
        """True if a patch of neighbouring cells swings at one frequency of the band."""
        keyframes_s = [at_s for at_s in self._recoded if at_s >= self._times[0]]
        swing = strongest(cells, np.array(self._times), keyframes_s)
        return self._is_patch(swing, coded=bool(keyframes_s))

    def _is_patch(self, swing: Swing, *, coded: bool) -> bool:
        """Enough neighbours with the same frequency, and not the whole picture (a lamp, the exposure).

        A coder makes cells swing alike here and there: there, most of what may swing so must be in that one place.
        """
        assert self._crib is not None
        lively = swing.rms > _MIN_RMS
        swings = lively & (swing.share > (_CODED_SHARE if coded else _PEAK_SHARE)) & self._crib
        if int(swings.sum()) < _MIN_CELLS or float(swings.mean()) > _MAX_SHARE:
            return False
        traces = np.where(lively & (swing.share > _TRACE_SHARE), swing.share * swing.rms, 0)
        values, counts = np.unique(swing.hertz[swings], return_counts=True)
        for value in values[np.argsort(-counts)][:3]:
            alike = np.abs(swing.hertz - value) < _ALIKE_HZ
            patch = swings & alike
            patch &= count3(patch) >= 5
            if int(patch.sum()) >= _MIN_CELLS:
                here = float(traces[alike & grow(patch)].sum())
                return not coded or here > _HERE * float(traces[alike].sum())
        return False

    def _forget_window(self) -> None:
        self._times.clear()
        self._cells.clear()

    def reset(self) -> None:
        """Forget all of it."""
        self._forget_window()
        self._recoded.clear()
        self._found, self._judged_s = None, -1e9
