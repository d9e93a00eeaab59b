"""What a picture is compared with: the mean of the last pictures, so that their noise counts for little."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from .backend import Picture

RECENT_S = 0.85
"""Age of the oldest picture in it. It shows slow movement, and is how long a ghost of past movement can stay."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One working picture with the sums that comparing needs."""

    at_s: float
    picture: Picture
    cells: Picture
    smooth: Picture
    """Cells, each the mean of itself and its neighbours."""
    mean: Picture
    """Means of windows."""


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """The mean of `count` samples."""

    picture: Picture
    smooth: Picture
    count: int


class Reference:
    """The samples of the last RECENT_S and their mean."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=16)
        self._picture: Picture | None = None
        self._smooth: Picture | None = None
        self._mean = np.empty((0, 0), np.float32)

    @property
    def last(self) -> Sample | None:
        """The newest sample that was kept."""
        return self._samples[-1] if self._samples else None

    def keep(self, new: Sample) -> None:
        """Make `new` part of it."""
        if len(self._samples) == self._samples.maxlen:
            self._drop()
        if self._picture is None or self._smooth is None:
            self._picture, self._smooth = new.picture.copy(), new.smooth.copy()
        else:
            self._picture += new.picture
            self._smooth += new.smooth
        self._samples.append(new)

    def mean(self, at_s: float) -> Mean:
        """The mean of what is young enough at `at_s`; of the newest alone where nothing is. Good until the next one."""
        while len(self._samples) > 1 and at_s - self._samples[0].at_s > RECENT_S:
            self._drop()
        count = len(self._samples)
        assert self._picture is not None
        assert self._smooth is not None
        share = np.float32(1 / count)
        if self._mean.shape != self._picture.shape:
            self._mean = np.empty_like(self._picture)
        return Mean(np.multiply(self._picture, share, out=self._mean), self._smooth * share, count)

    def _drop(self) -> None:
        old = self._samples.popleft()
        if not self._samples:
            self._picture = self._smooth = None
            return
        assert self._picture is not None
        assert self._smooth is not None
        self._picture -= old.picture
        self._smooth -= old.smooth

    def forget(self) -> None:
        """Nothing before can be compared with what comes."""
        self._samples.clear()
        self._picture = self._smooth = None
