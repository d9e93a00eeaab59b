"""Packets to what the detectors see: small gray frames at the wanted rate, and pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import logging

from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
import numpy as np
from numpy.typing import NDArray

from .models import Frame, Signal
from .packet_decoder import PacketDecoder
from .pictures import PictureStore
from .ports import FrameTap, Senses
from .settings import LoopSettings
from .source.types import MediaItem

_LOGGER = logging.getLogger(__name__)
_BEHIND_S = 0.25


@dataclass(slots=True)
class DecoderCounts:
    """What was done and left out since the loop started."""

    decoded: int = 0
    detected: int = 0
    skipped_behind: int = 0
    damaged: int = 0


class Decoder:
    """Decodes in the loop's thread and hands on. A damaged packet costs itself only."""

    def __init__(
        self, settings: LoopSettings, senses: Senses, pictures: PictureStore, taps: Sequence[FrameTap]
    ) -> None:
        self.counts = DecoderCounts()
        self._settings = settings
        self._senses = senses
        self._pictures = pictures
        self._taps = [(tap, [0.0]) for tap in taps]
        self._scaler = VideoReformatter()
        self._next_detection_s = 0.0
        self._packets = PacketDecoder()

    @property
    def reorders(self) -> bool:
        """See `PacketDecoder.reorders`."""
        return self._packets.reorders

    def source_opened(self) -> None:
        """A new connection: nothing is known of its reference pictures."""
        self._packets.source_opened()

    def decode(self, item: MediaItem) -> Sequence[VideoFrame]:
        """The pictures that a video packet completes; () where what it builds on was left out, or it is damaged."""
        if self._packets.skips(item):
            return ()
        return self._counted(self._packets.decode, item)

    def decode_alone(self, item: MediaItem) -> Sequence[VideoFrame]:
        """The picture of a keyframe whose followers are left out for now; they need it decoded again."""
        self._packets.skips(item)
        return self._counted(self._packets.decode_alone, item)

    def _counted(self, decode: Callable[[MediaItem], Sequence[VideoFrame]], item: MediaItem) -> Sequence[VideoFrame]:
        damaged = self._packets.damaged
        frames = decode(item)
        self.counts.decoded += len(frames)
        self.counts.damaged += self._packets.damaged - damaged
        return frames

    def leave_out(self) -> None:
        """A packet is not decoded: go on at the next keyframe."""
        self._packets.missed()

    def picture(self, frame: VideoFrame, at_s: float, behind_s: float) -> Sequence[Signal]:
        """Hand one decoded picture on; signals of the detectors, where it was their turn."""
        self._pictures.put(frame, at_s)
        for tap, due in self._taps:
            if at_s >= due[0]:
                due[0] = at_s + tap.interval_s
                tap.on_picture(frame, at_s)
        if at_s < self._next_detection_s:
            return ()
        if behind_s > _BEHIND_S:
            # Viewers come first: detection is what gives way, and it is counted.
            self.counts.skipped_behind += 1
            return ()
        step_s = 1 / self._settings.detect_fps
        # Half a frame of slack keeps 30 fps from becoming 4.3 detections instead of 5.
        self._next_detection_s = max(self._next_detection_s + step_s, at_s + step_s / 2)
        self.counts.detected += 1
        return self._senses.on_frame(Frame(gray=self.small_gray(frame), at_s=at_s, index=self.counts.detected))

    def small_gray(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The picture as the detectors see it: gray, upright, `detect_width_px` wide at the most."""
        rotation_deg = self._pictures.rotation_deg
        turned = rotation_deg in (90, 270)
        width_px = self._settings.detect_width_px
        width, height = frame.width, frame.height
        scale = min(1.0, width_px / (height if turned else width))
        size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
        # Area scaling averages sensor noise out; the luma plane alone would be sampled by swscale as well.
        # FFmpeg would start a thread for each core, for a picture of 320 pixels, and keep them until a collection.
        small = self._scaler.reformat(frame, *size, "gray", interpolation=Interpolation.AREA, threads=1)
        gray = small.to_ndarray().astype(np.uint8, copy=False)
        if rotation_deg:
            gray = np.ascontiguousarray(np.rot90(gray, -rotation_deg // 90))
        return gray
