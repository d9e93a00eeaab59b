"""Small periodic movement, as of a sleeping child: 0.3-1.2 Hz, the size of a chest, in the crib region.

It raises the monitoring confidence, its absence lowers it. It is no breathing rate and no alarm on life: a fan or a
mobile can look the same, and a blanket can hide it.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..settings import Zone
from .backend import Picture
from .grid import Mask, count3
from .view import Upset, View
from .zones import crib_mask

WINDOW_S = 12.8
_EVERY_S = 2.0
_BAND_HZ = (0.3, 1.2)
_PEAK_SHARE = 0.5
"""Share of a cell's power (without drift) at one frequency and its neighbours."""
_MIN_RMS = 0.12
"""Gray levels of a cell's mean: below it rounding and compression speak."""
_MIN_CELLS = 4
_MAX_SHARE = 0.2
_KEEP_S = 20.0
_MIN_FPS = 3.0
_DRIFT_DEGREE = 3
"""A drift of light or exposure may bend within the window; a swing of the band goes to and fro four times in it."""
_OWN_STRENGTH, _PURE_SHARE = 4.0, 0.85
"""Times what the coder does to the typical cell; share of the power at one frequency."""
_WIDE_SHARE, _WIDE_MOST = 0.4, 3
"""What takes hold of so much of the picture is the exposure, a lamp or a swaying camera; a chest is far smaller."""


class MicroMotionDetector:
    """Spectra of cell means over the last 13 seconds without motion."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._times: deque[float] = deque(maxlen=256)
        self._cells: deque[Picture] = deque(maxlen=256)
        self._judged_s = -1e9
        self._found: bool | None = None
        self._crib: Mask | None = None
        self._recoded: deque[float] = deque(maxlen=16)

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
        self._found = self._periodic(np.stack(self._cells), rate_hz)

    def _periodic(self, cells: NDArray[np.float32], rate_hz: float) -> bool:
        """True if a patch of neighbouring cells swings at one frequency of the band."""
        assert self._crib is not None
        count = cells.shape[0]
        steady = cells - cells.mean(axis=0)
        _take_out_common(steady)
        own = self._take_out_coder(steady, rate_hz)
        _take_out_drift(steady)
        _take_out_wide(steady)
        power = np.abs(np.fft.rfft(steady * np.hanning(count).astype(np.float32)[:, None, None], axis=0)) ** 2
        hertz = np.fft.rfftfreq(count, 1 / rate_hz)
        power[np.ix_(~self._not_the_coder(hertz), *(np.arange(side) for side in power.shape[1:]))] *= own
        total = power[hertz >= 0.15].sum(axis=0) + 1e-6
        band = np.flatnonzero((hertz >= _BAND_HZ[0]) & (hertz <= _BAND_HZ[1]))
        best = band[power[band].argmax(axis=0)]
        peak = sum(np.take_along_axis(power, (best + side)[None], axis=0)[0] for side in (-1, 0, 1))
        # Drift is strongest where it is slowest; a swing stands out from what is slower than it.
        slower = power[(hertz > 0.05) & (hertz < _BAND_HZ[0] - 0.05)].sum(axis=0)
        peak = np.where(power[band].max(axis=0) > slower, peak, 0)
        lively = steady.std(axis=0) > _MIN_RMS
        swings = (peak > _PEAK_SHARE * total) & lively & self._crib
        return self._is_patch(swings, best)

    def _take_out_coder(self, steady: NDArray[np.float32], rate_hz: float) -> Mask:
        """Take away what comes again at the same distance from every keyframe: the coder refines its picture so.

        The cells (True) that swing by themselves in its rhythm keep it: far more than the rest, and as a swing does.
        """
        own = np.zeros(steady.shape[1:], bool)
        starts = [at_s for at_s in self._recoded if at_s >= self._times[0]]
        if len(starts) < 3:
            return own
        times = np.array(self._times)
        last = np.searchsorted(np.array(starts), times + 1e-6) - 1
        since_s = times - np.array(starts)[np.maximum(last, 0)]
        cycle = float(np.median(np.diff(starts)))
        phase = np.rint(np.where(last < 0, since_s % cycle, since_s) * rate_hz).astype(int)
        locked = np.zeros_like(steady)
        for value in np.unique(phase):
            rows = phase == value
            if int(rows.sum()) >= 3:
                locked[rows] = steady[rows].mean(axis=0)
        strength = locked.std(axis=0)
        own = _swings_purely(locked)
        own &= strength > _OWN_STRENGTH * np.median(strength)
        steady -= np.where(own, np.float32(0), locked)
        return own

    def _not_the_coder(self, hertz: NDArray[np.floating[Any]]) -> Mask:
        """Without the rhythm of the keyframes and its harmonics: what swings with them may be the coder's."""
        usable = np.ones(hertz.size, bool)
        gaps_s = np.diff([at_s for at_s in self._recoded if at_s >= self._times[0]])
        if gaps_s.size < 2:
            return usable
        beat_hz = 1 / float(np.median(gaps_s))
        away_hz = np.abs(hertz - beat_hz * np.maximum(1, np.rint(hertz / beat_hz)))
        usable[away_hz < 1.3 * hertz[1]] = False
        return usable

    def _is_patch(self, swings: Mask, best: NDArray[np.int64]) -> bool:
        """Enough neighbours with the same frequency, and not the whole picture (a lamp, the exposure)."""
        if int(swings.sum()) < _MIN_CELLS or float(swings.mean()) > _MAX_SHARE:
            return False
        values, counts = np.unique(best[swings], return_counts=True)
        for value in values[np.argsort(-counts)][:3]:
            same = swings & (np.abs(best - value) <= 1)
            if int((same & (count3(same) >= 5)).sum()) >= _MIN_CELLS:
                return True
        return False

    def _forget_window(self) -> None:
        self._times.clear()
        self._cells.clear()

    def reset(self) -> None:
        """Forget all of it."""
        self._forget_window()
        self._recoded.clear()
        self._found, self._judged_s = None, -1e9


def _swings_purely(locked: NDArray[np.float32]) -> Mask:
    """One frequency holds nearly all: a coder's jump and slow return has many."""
    power = np.abs(np.fft.rfft(locked * np.hanning(locked.shape[0]).astype(np.float32)[:, None, None], axis=0)) ** 2
    power[:2] = 0
    best = power.argmax(axis=0)
    sides = [np.clip(best + side, 0, power.shape[0] - 1) for side in (-1, 0, 1)]
    peak = sum(np.take_along_axis(power, side[None], axis=0)[0] for side in sides)
    pure: Mask = peak > _PURE_SHARE * (power.sum(axis=0) + 1e-6)
    return pure


def _take_out_common(steady: NDArray[np.float32]) -> None:
    """Take away what all of the picture does together (a lamp, the exposure), as strongly as each cell follows it."""
    common = np.median(steady, axis=(1, 2)).astype(np.float32)
    power = float(np.dot(common, common))
    if power > 0:
        follows = np.tensordot(common, steady, axes=1) / np.float32(power)
        steady -= common[:, None, None] * follows


def _take_out_drift(steady: NDArray[np.float32]) -> None:
    """Take away what changes slower than any swing of the band."""
    count = steady.shape[0]
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, count), _DRIFT_DEGREE + 1))
    basis = basis.astype(np.float32)
    flat = steady.reshape(count, -1)
    flat -= basis @ (basis.T @ flat)


def _take_out_wide(steady: NDArray[np.float32]) -> None:
    """Take away the strongest changes that cells all over the picture share, each in its own measure."""
    flat = steady.reshape(steady.shape[0], -1)
    in_time, strength, in_place = np.linalg.svd(flat, full_matrices=False)
    for index in range(min(_WIDE_MOST, strength.size)):
        place = in_place[index]
        # The share of the cells that take part: 1 if all do alike, towards 0 for a single one.
        share = 1 / (float((place**4).sum()) * place.size)
        if share > _WIDE_SHARE:
            flat -= np.outer(in_time[:, index] * strength[index], place)
