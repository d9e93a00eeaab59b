"""Compressed sound to mono blocks for the sound detectors, a tenth of a second at a time.

A camera sends about fifty packets of sound a second, each between two pictures: one by one they cost three times as
much as five at once, for the memory that decoding a picture goes through leaves nothing of them in the cache.
"""

from collections.abc import Iterator, Sequence

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError
import numpy as np
from numpy.typing import NDArray

from .models import AudioBlock, Signal
from .ports import FrameTap, Senses, SoundTap
from .resampler import Resampler
from .source.own_decoder import own_sound_decoder
from .source.types import MediaItem

_RATE_HZ = 16_000
_BATCH_S = 0.1
_BATCH_MAX = 16


class Ear:
    """In the loop's thread only. A damaged packet costs itself only."""

    def __init__(self, senses: Senses, taps: Sequence[FrameTap] = ()) -> None:
        self._senses = senses
        self._taps = [tap for tap in taps if isinstance(tap, SoundTap)]
        self._resampler: Resampler | None = None
        self._decoder: AudioCodecContext | None = None
        self._waiting: list[MediaItem] = []
        self.damaged = 0

    def source_opened(self) -> None:
        """A new connection: another sound, perhaps."""
        self._resampler = None
        self._decoder = None
        self._waiting.clear()

    def hear(self, item: MediaItem) -> Sequence[Signal]:
        """Take in one packet; signals of the detectors where a batch is full."""
        self._waiting.append(item)
        gathered_s = item.arrived_s - self._waiting[0].arrived_s
        if gathered_s < _BATCH_S and len(self._waiting) < _BATCH_MAX:
            return ()
        batch, self._waiting = self._waiting, []
        parts = [part for waited in batch for part in self._samples_of(waited)]
        if not parts:
            return ()
        samples = np.concatenate(parts)
        block = AudioBlock(samples=samples, rate_hz=_RATE_HZ, at_s=item.arrived_s)
        for tap in self._taps:
            tap.on_sound(block)
        return self._senses.on_audio(block)

    def _samples_of(self, item: MediaItem) -> list[NDArray[np.float32]]:
        try:
            return [part for frame in self._frames_of(item) for part in self._mono(frame)]
        except FFmpegError, ValueError:
            # A resampler refuses a frame whose format changed: the next one gets a new resampler.
            self._resampler = None
            self.damaged += 1
            return []

    def _mono(self, frame: AudioFrame) -> Iterator[NDArray[np.float32]]:
        if self._resampler is None:
            self._resampler = Resampler(sample_format="fltp", layout="mono", rate_hz=_RATE_HZ)
        frame.pts = None
        for mono in self._resampler.resample(frame):
            yield mono.to_ndarray().reshape(-1).astype(np.float32, copy=False)

    def _frames_of(self, item: MediaItem) -> Sequence[AudioFrame]:
        if isinstance(item.frame, AudioFrame):
            return (item.frame,)
        if self._decoder is None:
            assert isinstance(item.stream, AudioStream)
            self._decoder = own_sound_decoder(item.stream)
        return self._decoder.decode(item.packet)
