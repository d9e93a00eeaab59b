"""Can the scene be seen at all: lens covered, too dark, infrared, camera moved, picture frozen.

"Structure" is the coarse picture (means of windows), "detail" the fine texture in them beyond the noise. A covered
lens loses both and what is left looks like nothing that was there; in the dark the coarse structure of the room
remains, however faint; a moved camera shows another structure as rich as before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models import EventKind, Severity, Signal
from .backend import Picture
from .grid import quantile
from .view import Upset, View

_COVERED_ON_S, _CLEAR_S = 1.8, 0.8
_DARK_ON_S = 3.0
_DARK_LEVEL, _LIT_LEVEL = 30.0, 38.0
_DARK_SPREAD = 7.0
_FROZEN_S, _FROZEN_UNPROVEN_S = 10.0, 20.0
_MOVED_AFTER_S = 2.5
_MOVED_SHIFT_PX = 3.0
"""Working pixels."""
_MOVED_SHOWN_S = 10.0
_LIKE, _UNLIKE = 0.5, 0.3
_USUAL_RATE = 0.02


class Lasting:
    """True once a condition has held for a while, False once it has not for another while."""

    def __init__(self, on_s: float, off_s: float) -> None:
        self._on_s, self._off_s = on_s, off_s
        self._since_s: float | None = None
        self.on = False

    def update(self, condition: bool, at_s: float) -> bool:
        """Take in the condition at a time; True if the state changed."""
        if condition == self.on:
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = at_s
        if at_s - self._since_s < (self._off_s if self.on else self._on_s):
            return False
        self.on, self._since_s = condition, None
        return True

    def clear(self) -> None:
        """Off and without a past."""
        self.on, self._since_s = False, None


@dataclass(slots=True, eq=False)
class _Look:
    """Smoothed over about half a second."""

    structure: Picture
    detail: Picture


class SceneDetector:
    """The state of the picture as a whole."""

    def __init__(self) -> None:
        self._covered = Lasting(_COVERED_ON_S, _CLEAR_S)
        self._dark = Lasting(_DARK_ON_S, 1.0)
        self._now: _Look | None = None
        self._usual: _Look | None = None
        self._before: Picture | None = None
        self._broken_s: float | None = None
        self._shifted_s: float | None = None
        self._moved_s = -1e9
        self._repeat: NDArray[np.uint8] | None = None
        self._repeat_s = 0.0
        self._changes = False
        self._frozen = False
        self._noise_before = 0.0
        self.infrared: bool | None = None

    @property
    def covered(self) -> bool:
        """Something is over the lens."""
        return self._covered.on

    @property
    def dark(self) -> bool:
        """Too little light to see by."""
        return self._dark.on

    @property
    def frozen(self) -> bool:
        """The camera repeats one picture."""
        return self._frozen

    def moved(self, at_s: float) -> bool:
        """The camera was moved within the last seconds."""
        return at_s - self._moved_s < _MOVED_SHOWN_S

    def detect(self, view: View) -> tuple[Signal, ...]:
        at_s = view.frame.at_s
        frozen = self._watch_repeats(view)
        if self._frozen:
            return frozen
        now = self._smooth(view)
        mean, spread = _level(view)
        detail = quantile(now.detail[view.valid], 0.8)
        lost = self._lost(now, spread, detail, view)
        signals = [*frozen]
        if self._covered.update(lost, at_s):
            signals.append(_signal(EventKind.LENS_COVERED, self._covered.on, at_s, Severity.WARNING))
        limit = _LIT_LEVEL if self._dark.on else _DARK_LEVEL
        dark = mean < limit and spread < _DARK_SPREAD and not lost and not self._covered.on
        if self._dark.update(dark, at_s):
            signals.append(_signal(EventKind.TOO_DARK, self._dark.on, at_s, Severity.INFO))
        signals += self._watch_place(view, now, lost or dark)
        self._learn(view, now, lost or dark)
        return tuple(signals)

    def _smooth(self, view: View) -> _Look:
        """Follow the picture; at once after a break."""
        detail = np.sqrt(np.maximum(view.variances - 0.5 * view.noise**2, 0))
        if self._now is None or view.upset is Upset.BREAK or self._now.structure.shape != view.means.shape:
            self._now = _Look(view.means.copy(), detail)
            if self._usual is not None and self._usual.structure.shape != view.means.shape:
                self._usual = None
        self._now.structure += np.float32(0.4) * (view.means - self._now.structure)
        self._now.detail += np.float32(0.4) * (detail - self._now.detail)
        return self._now

    def _lost(self, now: _Look, spread: float, detail: float, view: View) -> bool:
        """Structure and detail are gone, and what is left is not the scene in other light."""
        if self._usual is None:
            return spread < 4 and detail < 2
        usual_detail = quantile(self._usual.detail[view.valid], 0.8)
        usual_spread = float(self._usual.structure[view.valid].std())
        if detail > max(1.5, 0.35 * usual_detail) or spread > max(4.0, 0.6 * usual_spread):
            return False
        return _alike(now.structure, self._usual.structure, view) < _LIKE

    def _watch_place(self, view: View, now: _Look, unseen: bool) -> list[Signal]:
        """Another view after a break, or a shift that stays."""
        at_s = view.frame.at_s
        if view.upset is Upset.BREAK and self._broken_s is None and self._usual is not None:
            self._before = self._usual.detail.copy()
            self._noise_before = view.noise
        if view.upset is Upset.BREAK:
            self._broken_s = at_s
        moved = False
        if unseen:
            # What comes after the dark or the hand is judged against what was before it.
            self._broken_s = at_s if self._broken_s is not None else None
        elif self._broken_s is not None and at_s - self._broken_s >= _MOVED_AFTER_S:
            moved = self._before is not None and _alike(now.detail, self._before, view) < _UNLIKE
            if not moved:
                self._watch_infrared(view.noise)
            self._broken_s = None
            if moved:
                self._usual = None
        return self._report(at_s, moved or self._shifted(view))

    def _shifted(self, view: View) -> bool:
        if not view.shift_stays:
            self._shifted_s = None
            return False
        if max(abs(side) for side in view.shift_xy_px) < _MOVED_SHIFT_PX:
            return False
        if self._shifted_s is not None:
            return False
        self._shifted_s = view.frame.at_s
        return True

    def _report(self, at_s: float, moved: bool) -> list[Signal]:
        if not moved:
            return []
        self._moved_s = at_s
        return [Signal(kind=EventKind.CAMERA_MOVED, active=True, at_s=at_s, momentary=True, severity=Severity.WARNING)]

    def _watch_infrared(self, noise: float) -> None:
        """The same scene in other light: with much more noise it is infrared, with much less it was."""
        if noise > 1.6 * self._noise_before:
            self.infrared = True
        elif noise < self._noise_before / 1.6:
            self.infrared = False

    def _learn(self, view: View, now: _Look, unseen: bool) -> None:
        """The usual look follows slowly, and not while the lens is covered or the room dark."""
        if unseen or self._covered.on or self._dark.on or not view.settled or self._broken_s is not None:
            return
        if self._usual is None:
            self._usual = _Look(now.structure.copy(), now.detail.copy())
            return
        self._usual.structure += np.float32(_USUAL_RATE) * (now.structure - self._usual.structure)
        self._usual.detail += np.float32(_USUAL_RATE) * (now.detail - self._usual.detail)

    def _watch_repeats(self, view: View) -> tuple[Signal, ...]:
        """No sensor gives the same picture twice; a camera that hangs gives nothing else."""
        at_s = view.frame.at_s
        gray = view.frame.gray
        if self._repeat is None or not np.array_equal(gray, self._repeat):
            self._changes = self._changes or self._repeat is not None
            self._repeat, self._repeat_s = gray, at_s
            if self._frozen:
                self._frozen = False
                return (_signal(EventKind.PICTURE_FROZEN, False, at_s, Severity.WARNING),)
            return ()
        if self._frozen or at_s - self._repeat_s < (_FROZEN_S if self._changes else _FROZEN_UNPROVEN_S):
            return ()
        self._frozen = True
        return (_signal(EventKind.PICTURE_FROZEN, True, at_s, Severity.WARNING),)

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off-signals for what is on."""
        states = (
            (EventKind.LENS_COVERED, self._covered.on),
            (EventKind.TOO_DARK, self._dark.on),
            (EventKind.PICTURE_FROZEN, self._frozen),
        )
        self._covered.clear()
        self._dark.clear()
        self._frozen, self._repeat = False, None
        return tuple(_signal(kind, False, at_s, Severity.INFO) for kind, on in states if on)

    def reset(self) -> None:
        """Forget the scene."""
        self._now = self._usual = self._before = self._repeat = None
        self._broken_s = self._shifted_s = self.infrared = None
        self._changes = False
        self._moved_s = -1e9


def _signal(kind: EventKind, on: bool, at_s: float, severity: Severity) -> Signal:
    return Signal(kind=kind, active=on, at_s=at_s, severity=severity)


def _level(view: View) -> tuple[float, float]:
    """Mean gray level, and the spread of the coarse picture."""
    if not view.valid.any():
        return 128.0, 0.0
    means = view.means[view.valid]
    return float(means.mean()) + 128.0, float(means.std())


def _alike(first: Picture, second: Picture, view: View) -> float:
    """Correlation (-1..1) of two grids over the valid windows; 0 where one of them is flat."""
    a, b = first[view.valid], second[view.valid]
    if a.size < 2:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    power = float(np.dot(a, a)) * float(np.dot(b, b))
    # Flatter than the rounding of 8 bits is no structure.
    if power <= 0 or float(a.std()) < 0.25 or float(b.std()) < 0.25:
        return 0.0
    return float(np.dot(a, b)) / float(np.sqrt(power))
