"""Shifts by less than a pixel, from the slopes of a picture."""

import numpy as np

from .backend import Picture

EDGE_PX = 2
"""So far from the edges there is no slope: what a shift brings in there is not known."""


class Slopes:
    """The slopes of a picture, and the shift of it that explains a difference best (least squares)."""

    def __init__(self, picture: Picture) -> None:
        self.x, self.y = np.zeros_like(picture), np.zeros_like(picture)
        inner = np.subtract(picture[2:-2, 3:-1], picture[2:-2, 1:-3], out=self.x[2:-2, 2:-2])
        inner *= np.float32(0.5)
        inner = np.subtract(picture[3:-1, 2:-2], picture[1:-3, 2:-2], out=self.y[2:-2, 2:-2])
        inner *= np.float32(0.5)
        self._xx, self._yy = float(np.vdot(self.x, self.x)), float(np.vdot(self.y, self.y))
        self._xy = float(np.vdot(self.x, self.y))
        self._determinant = self._xx * self._yy - self._xy**2

    def shift(self, difference: Picture) -> tuple[float, float, float]:
        """dx, dy in pixels, and the share of the difference (0-1) that they explain; 0 without slopes that tell."""
        if self._determinant < 1e-3 * (self._xx + self._yy) ** 2 + 1e-6:
            return 0.0, 0.0, 0.0
        tx, ty = float(np.vdot(self.x, difference)), float(np.vdot(self.y, difference))
        dx = -(self._yy * tx - self._xy * ty) / self._determinant
        dy = -(self._xx * ty - self._xy * tx) / self._determinant
        explained = -(dx * tx + dy * ty) / (float(np.vdot(difference, difference)) + 1e-6)
        return dx, dy, explained


def fine_shift(reference: Picture, picture: Picture) -> tuple[float, float]:
    """The rest of a shift, below a pixel: least squares over the gradients, without what changed for itself."""
    inner = reference[4:-4, 4:-4]
    gx = (reference[4:-4, 5:-3] - reference[4:-4, 3:-5]) * np.float32(0.5)
    gy = (reference[5:-3, 4:-4] - reference[3:-5, 4:-4]) * np.float32(0.5)
    change = picture[4:-4, 4:-4] - inner
    change -= change.mean()
    # Pixels that differ by more than a pixel or two can explain belong to bodies and light.
    weight = (np.abs(change) < 6 + 1.5 * (np.abs(gx) + np.abs(gy))).astype(np.float32)
    wx, wy = gx * weight, gy * weight
    xx, xy, yy = float((wx * gx).sum()), float((wx * gy).sum()), float((wy * gy).sum())
    tx, ty = float((wx * change).sum()), float((wy * change).sum())
    determinant = xx * yy - xy * xy
    if determinant < 1e-3 * (xx + yy) ** 2 + 1e-6:
        return 0.0, 0.0
    dx, dy = -(yy * tx - xy * ty) / determinant, -(xx * ty - xy * tx) / determinant
    return min(0.5, max(-0.5, dx)), min(0.5, max(-0.5, dy))
