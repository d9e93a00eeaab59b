"""Is a child in view, and is somebody large there. Unknown (None) until something speaks for or against it.

For a child: movement in the crib region that lasts, small periodic movement, a picture unlike the learned empty
one, a model that sees it. Against: the picture is like the learned empty one and still, or a model that sees nobody
while all is still. Stillness alone says nothing.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..models import EventKind, Signal
from ..settings import Zone
from .backend import Picture, blur3
from .grid import Mask, count3
from .view import Upset, View
from .zones import crib_mask

_MOVES_S = 1.2
_EMPTY_S = 5.0
_DIFFERS_SHARE, _SAME_SHARE = 0.03, 0.012
_DIFFERS = 9.0
"""Gray levels of coarse structure, beyond light, that differ from the empty scene."""
_MAX_EMPTY_LOOKS = 4
_HINT_S = 600.0
_STILL_BEFORE_LEARNING_S = 60.0
_VISITOR_SHARE, _VISITOR_HEIGHT = 0.12, 0.45
_VISITOR_OFF_S = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class _EmptyLook:
    means: Picture
    deviations: Picture
    by_itself: bool = False
    """Learned on a model's word, which the model may take back."""


class OccupancyDetector:
    """Child in view: yes, no, or unknown."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._crib: Mask | None = None
        self._looks: deque[_EmptyLook] = deque(maxlen=_MAX_EMPTY_LOOKS)
        self._now: _EmptyLook | None = None
        self._moves_s: float | None = None
        self._moved_s = -1e9
        self._stirred_s: float | None = None
        """When anything moved anywhere, or the watch began."""
        self._same_since_s: float | None = None
        self._hint: tuple[bool, float] | None = None
        self._away_told = False
        self.occupied: bool | None = None

    @property
    def knows_empty(self) -> bool:
        """An empty scene was learned."""
        return bool(self._looks)

    def learn_empty(self, *, by_itself: bool = False) -> bool:
        """What is seen now is the empty crib. False if nothing has been seen yet."""
        if self._now is None:
            return False
        self._looks.append(_EmptyLook(self._now.means.copy(), self._now.deviations.copy(), by_itself))
        self._moved_s, self._same_since_s = -1e9, None
        return True

    def on_verdict_hint(self, child_in_view: bool, at_s: float) -> None:
        """What a model saw in a picture taken at `at_s`. Movement since then outweighs a no."""
        self._hint = (child_in_view, at_s)

    def update(self, view: View, *, motion: bool, micro_motion: bool | None, visitor: bool) -> tuple[Signal, ...]:
        """Take in one view; `visitor` keeps a parent at the crib from being taken for the child."""
        at_s = view.frame.at_s
        shape = (view.means.shape[0], view.means.shape[1])
        if self._crib is None or self._crib.shape != shape:
            self._crib = crib_mask(self._zones, shape)
            self._looks.clear()
            self._now = None
        self._follow(view)
        belief = self._believe(view, motion=motion, micro_motion=micro_motion, visitor=visitor)
        return self._tell(belief, at_s)

    def _follow(self, view: View) -> None:
        deviations = np.sqrt(view.variances)
        if self._now is None or view.upset is Upset.BREAK:
            self._now = _EmptyLook(view.means.copy(), deviations)
        rate = np.float32(0.2)
        self._now = _EmptyLook(
            self._now.means + rate * (view.means - self._now.means),
            self._now.deviations + rate * (deviations - self._now.deviations),
        )

    def _believe(self, view: View, *, motion: bool, micro_motion: bool | None, visitor: bool) -> bool | None:
        """The strongest evidence now; None where there is none that changes anything."""
        at_s = view.frame.at_s
        assert self._crib is not None
        if motion or visitor or self._stirred_s is None:
            self._stirred_s = at_s
        in_crib = motion and not visitor and bool(((view.ratio > 1) & self._crib).any())
        if in_crib:
            self._moves_s = at_s if self._moves_s is None else self._moves_s
            self._moved_s = at_s
        elif at_s - self._moved_s > 2.0:
            self._moves_s = None
        if self._moves_s is not None and self._moved_s - self._moves_s >= _MOVES_S:
            self._same_since_s = None
            return True
        if micro_motion:
            return True
        if visitor or motion or not view.settled:
            self._same_since_s = None
            return None
        return self._compare(at_s, view) if self._looks else self._ask_hint(at_s)

    def _compare(self, at_s: float, view: View) -> bool | None:
        """Like one of the empty looks for a while: away. Unlike all of them: somebody is there."""
        share = min(self._difference(look, view) for look in self._looks)
        if share >= _DIFFERS_SHARE:
            self._same_since_s = None
            # Another light makes everything differ: that is no child.
            return True if share < 0.5 else self._ask_hint(at_s)
        if share > _SAME_SHARE:
            self._same_since_s = None
            return None
        if self._taken_back(at_s, view):
            return True
        if self._same_since_s is None:
            self._same_since_s = at_s
        return False if at_s - self._same_since_s >= _EMPTY_S else None

    def _taken_back(self, at_s: float, view: View) -> bool:
        """The model now sees a child where nothing has moved since: what it called empty was not, and is forgotten."""
        if self._hint is None or self._stirred_s is None:
            return False
        seen, hint_s = self._hint
        if not seen or at_s - hint_s > _HINT_S or self._stirred_s > hint_s:
            return False
        kept = [look for look in self._looks if not look.by_itself or self._difference(look, view) > _SAME_SHARE]
        is_wrong = len(kept) < len(self._looks)
        self._looks = deque(kept, maxlen=_MAX_EMPTY_LOOKS)
        return is_wrong

    def _difference(self, look: _EmptyLook, view: View) -> float:
        """Share of the crib whose structure differs from `look` beyond gain and offset of the light."""
        assert self._now is not None
        assert self._crib is not None
        region = self._crib & view.valid
        if not region.any():
            return 0.0
        ratio = (blur3(self._now.deviations) + 3) / (blur3(look.deviations) + 3)
        gain = float(np.clip(np.median(ratio[region]), 0.4, 2.5))
        offset = np.median((self._now.means - gain * look.means)[region])
        coarse = np.abs(self._now.means - gain * look.means - offset)
        fine = np.abs(self._now.deviations - gain * look.deviations)
        differs = (coarse > _DIFFERS + 2 * view.noise) | (fine > _DIFFERS + view.noise)
        solid = differs & (count3(differs) >= 4) & region
        return float(solid.sum()) / float(region.sum())

    def _ask_hint(self, at_s: float) -> bool | None:
        if self._hint is None:
            return None
        seen, hint_s = self._hint
        if at_s - hint_s > _HINT_S or (not seen and self._moved_s > hint_s):
            return None
        is_still = self._stirred_s is not None and at_s - self._stirred_s > _STILL_BEFORE_LEARNING_S
        if not seen and not self._looks and is_still:
            self.learn_empty(by_itself=True)
        return seen

    def _tell(self, belief: bool | None, at_s: float) -> tuple[Signal, ...]:
        if belief is None or belief == self.occupied:
            return ()
        before, self.occupied = self.occupied, belief
        if not belief and before:
            self._away_told = True
            return (Signal(kind=EventKind.OUT_OF_VIEW, active=True, at_s=at_s),)
        if belief and self._away_told:
            return (
                *self.close(at_s),
                Signal(kind=EventKind.BACK_IN_VIEW, active=True, at_s=at_s, momentary=True),
            )
        return ()

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off-signal for out of view."""
        if not self._away_told:
            return ()
        self._away_told = False
        return (Signal(kind=EventKind.OUT_OF_VIEW, active=False, at_s=at_s),)

    def forget_presence(self) -> None:
        """The camera was gone: who is in view is not known."""
        self.occupied, self._moves_s, self._moved_s, self._same_since_s = None, None, -1e9, None
        self._stirred_s = None

    def reset(self) -> None:
        """Forget the scene, the empty one too."""
        self.forget_presence()
        self._looks.clear()
        self._now = self._hint = None


class VisitorDetector:
    """A large body in the room: much of the picture moves, over much of its height."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zone for zone in zones if zone.kind == "crib")
        self._moved: deque[tuple[float, Mask]] = deque(maxlen=16)
        self._votes: deque[float] = deque(maxlen=3)
        self._seen_s = -1e9
        self._crib: Mask | None = None
        self.on = False

    def detect(self, view: View) -> tuple[Signal, ...]:
        at_s = view.frame.at_s
        if view.upset is not Upset.RECODED:
            self._moved.append((at_s, view.changed))
        while self._moved and (at_s - self._moved[0][0] > 1.5 or self._moved[0][1].shape != view.changed.shape):
            self._moved.popleft()
        if view.settled and view.upset in {Upset.NONE, Upset.RECODED} and self._is_large(view):
            self._votes.append(at_s)
            self._seen_s = at_s
        if self.on:
            return self.close(at_s) if at_s - self._seen_s > _VISITOR_OFF_S else ()
        if len([voted for voted in self._votes if at_s - voted < 1.0]) < 3:
            return ()
        self.on = True
        return (Signal(kind=EventKind.VISITOR, active=True, at_s=at_s),)

    def _is_large(self, view: View) -> bool:
        moved = np.logical_or.reduce([mask for _, mask in self._moved])
        size = float(moved.mean())
        if size < _VISITOR_SHARE:
            return False
        rows = np.flatnonzero(moved.mean(axis=1) > 0.02)
        if rows.size == 0 or (rows[-1] - rows[0] + 1) / moved.shape[0] < _VISITOR_HEIGHT:
            return False
        if not self._zones:
            return True
        if self._crib is None or self._crib.shape != moved.shape:
            self._crib = crib_mask(self._zones, (moved.shape[0], moved.shape[1]))
        return float((moved & ~self._crib).sum()) > 0.3 * float(moved.sum())

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self._votes.clear()
        if not self.on:
            return ()
        self.on = False
        return (Signal(kind=EventKind.VISITOR, active=False, at_s=at_s),)

    def reset(self) -> None:
        """Forget the past."""
        self._moved.clear()
        self._votes.clear()
