"""One shared look at a frame: what every detector of the picture starts from."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import numpy as np

from ..models import Frame, Signal
from .backend import Picture, VisionBackend
from .grid import Mask, count3, windows_of


class Upset(StrEnum):
    """What happened to the picture as a whole since the last frame."""

    NONE = "none"
    RECODED = "recoded"
    """All of it changed a little at once (a keyframe): no movement, and no reason to start anew."""
    SHAKE = "shake"
    """All of it moved by some pixels: undone before anything is compared."""
    BREAK = "break"
    """All of it changed at once (light, infrared, a cut): nothing before it can be compared."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """One frame as the detectors see it.

    picture: working picture (half size, shake undone, masked parts 0), gray level minus 128.
    cells: means of its cells; means: of its windows.
    residual: per window, the change in gray levels that shake and light do not explain.
    ratio: per window, change against its limit; above 1 is more than noise, shake and light explain.
    valid: windows that can be judged.
    """

    frame: Frame
    gap_s: float
    """Since the frame before; 0 for the first."""
    picture: Picture
    cells: Picture
    means: Picture
    residual: Picture
    ratio: Picture
    valid: Mask
    upset: Upset
    settled: bool
    """False right after a start or a break, while the new picture is being learned."""
    shift_xy_px: tuple[float, float]
    """Where the scene is now against where it was, in working pixels."""
    shift_stays: bool
    """The scene has been shifted by the same amount for seconds: the camera was knocked, it does not shake."""
    noise: float
    """Usual change between frames of a still window, in gray levels."""
    coded: bool
    """A coder's blocks are seen changing by themselves: a change as small as one of them says nothing."""
    rises: bool
    """Even the quiet part of the picture changes more than in the last frames, as where a coder codes it anew."""
    whole: bool
    """All of the picture moved by a fraction of a pixel, or most of what has texture changed and nothing explains it.

    Perhaps a body; the next frame tells.
    """
    backend: VisionBackend

    @cached_property
    def variances(self) -> Picture:
        """Variance of the pixels in each window."""
        variances = windows_of(self.backend.cell_means(self.picture * self.picture))
        variances -= self.means * self.means
        return np.maximum(variances, 0, out=variances)

    @cached_property
    def changed(self) -> Mask:
        """Windows above their limit with neighbours that are. Alone is noise: what is real touches several windows."""
        strong: Mask = self.ratio > 1
        return strong & (count3(strong) >= 3) if strong.any() else strong


class Detector(Protocol):
    """A detector of the picture. Stateful, single-threaded; time comes with the view."""

    def detect(self, view: View) -> tuple[Signal, ...]: ...

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off-signals for what is on. Usable again afterwards."""
        ...

    def reset(self) -> None:
        """Forget what was learned of the scene."""
        ...
