"""A moving body in a danger zone that is armed for the child's age."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from ..models import EventKind, Severity, Signal
from ..settings import Zone
from .grid import Mask, count3, polygon_mask
from .view import Upset, View

_MIN_WINDOWS = 3
_BODY = 2.5
"""Times the limit of a change: the edge of a shadow stays below it, a body does not."""
_LEFT_S = 6.0
"""Nothing moves in it for so long: the zone is left (a body lying still in it keeps it a while)."""
_CONFIRM_S = 1.0
_MAX_GAP_S = 1.6


def is_armed(zone: Zone, age_stage: int | None) -> bool:
    """Armed for this stage; a zone for certain stages is armed too where the age is not known."""
    return not zone.stages or age_stage is None or age_stage in zone.stages


class ZoneDetector:
    """One danger zone. What counts is changed texture: light and soft shadows were fitted away before."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self._mask: Mask | None = None
        self._votes: deque[float] = deque(maxlen=3)
        self._seen_s = -1e9
        self.on = False

    def detect(self, view: View) -> tuple[Signal, ...]:
        at_s = view.frame.at_s
        if self._mask is None or self._mask.shape != view.ratio.shape:
            self._mask = polygon_mask(self.zone.points_xy, (view.ratio.shape[0], view.ratio.shape[1]))
        strong = view.ratio > _BODY
        solid = int((strong & (count3(view.ratio > 1) >= 3) & self._mask).sum())
        if solid >= _MIN_WINDOWS and view.settled and view.upset is not Upset.BREAK and view.gap_s <= _MAX_GAP_S:
            self._votes.append(at_s)
            self._seen_s = at_s
        if self.on:
            return self.close(at_s) if at_s - self._seen_s >= _LEFT_S else ()
        if len([voted for voted in self._votes if at_s - voted < _CONFIRM_S]) < 2:
            return ()
        self.on = True
        share = solid / max(1, int(self._mask.sum()))
        details = {"windows": solid, "share": round(share, 3)}
        return (self._signal(True, at_s, details),)

    def _signal(self, on: bool, at_s: float, details: dict[str, float]) -> Signal:
        return Signal(
            kind=EventKind.ZONE_ENTERED,
            active=on,
            at_s=at_s,
            zone=self.zone.name,
            severity=Severity.WARNING,
            details=details,
        )

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self._votes.clear()
        if not self.on:
            return ()
        self.on = False
        return (self._signal(False, at_s, {}),)

    def reset(self) -> None:
        """Forget the past."""
        self._votes.clear()
        self._mask = None


def danger_zones(zones: Sequence[Zone], age_stage: int | None) -> tuple[ZoneDetector, ...]:
    """A detector for each danger zone that is armed."""
    return tuple(ZoneDetector(zone) for zone in zones if zone.kind == "danger" and is_armed(zone, age_stage))


def crib_mask(zones: Sequence[Zone], shape: tuple[int, int]) -> Mask:
    """The crib's windows; all of them where no crib zone is drawn."""
    mask = np.zeros(shape, bool)
    for zone in zones:
        if zone.kind == "crib":
            mask |= polygon_mask(zone.points_xy, shape)
    if not mask.any():
        mask[:] = True
    return mask
