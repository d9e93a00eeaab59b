"""Well-known ways to see motion, for comparison, as others set them up. Needs OpenCV."""

import cv2
import numpy as np


class FrameDifference:
    """Blurred difference to the frame before."""

    def __init__(self) -> None:
        self._before: np.ndarray | None = None

    def detect(self, gray: np.ndarray) -> bool:
        blurred = cv2.GaussianBlur(gray, (7, 7), 0)
        before, self._before = self._before, blurred
        if before is None:
            return False
        mask = cv2.threshold(cv2.absdiff(before, blurred), 15, 255, cv2.THRESH_BINARY)[1]
        return _largest(cv2.dilate(mask, None, iterations=2)) >= 60


class RunningAverage:
    """Difference to an exponential average."""

    def __init__(self) -> None:
        self._average: np.ndarray | None = None

    def detect(self, gray: np.ndarray) -> bool:
        blurred = cv2.GaussianBlur(gray, (7, 7), 0).astype(np.float32)
        if self._average is None:
            self._average = blurred
            return False
        mask = cv2.threshold(cv2.convertScaleAbs(blurred - self._average), 15, 255, cv2.THRESH_BINARY)[1]
        cv2.accumulateWeighted(blurred, self._average, 0.05)
        return _largest(cv2.dilate(mask, None, iterations=2)) >= 60


class Mog2:
    """OpenCV's mixture of Gaussians."""

    def __init__(self) -> None:
        self._model = cv2.createBackgroundSubtractorMOG2(history=300, varThreshold=16, detectShadows=True)

    def detect(self, gray: np.ndarray) -> bool:
        mask = (self._model.apply(gray) == 255).astype(np.uint8)
        return _largest(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))) >= 60


class FrigateLike:
    """After Frigate's default: height 100, contrast stretched by percentiles, average, threshold 30, area 10."""

    def __init__(self) -> None:
        self._average: np.ndarray | None = None
        self._difference = 0.0

    def detect(self, gray: np.ndarray) -> bool:
        small = cv2.resize(gray, (gray.shape[1] * 100 // gray.shape[0], 100), interpolation=cv2.INTER_NEAREST)
        low, high = np.percentile(small, [4, 96])
        if low < high:
            small = ((np.clip(small, low, high) - low) / (high - low) * 255).astype(np.uint8)
        small = cv2.GaussianBlur(small, (3, 3), 1)
        if self._average is None:
            self._average = small.astype(np.float32)
            return False
        difference = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        mask = cv2.dilate(cv2.threshold(difference, 30, 255, cv2.THRESH_BINARY)[1], None, iterations=1)
        moving = _largest(mask) >= 10
        cv2.accumulateWeighted(small, self._average, 0.2 if not moving else 0.01)
        return moving


def _largest(mask: np.ndarray) -> float:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return max((cv2.contourArea(contour) for contour in contours), default=0.0)


PEERS = {
    "frame difference": FrameDifference,
    "running average": RunningAverage,
    "MOG2": Mog2,
    "Frigate-like": FrigateLike,
}
