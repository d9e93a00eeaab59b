"""Sound for viewers: AAC is passed on, everything else becomes AAC. It can fail without the picture."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import cache
import io
import os

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.format import AudioFormat
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import CodecContext, Flags
from av.error import FFmpegError
from av.packet import Packet

from ..resampler import Resampler
from .reader import MediaPacket, fraction_of
from .steady import SteadyClock

PASSED_CODEC = "aac"
_RATES_HZ = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_BIT_RATE_BPS = 64_000
_GAP_S = 0.1


@contextmanager
def one_core() -> Iterator[None]:
    """Let FFmpeg see one core from this thread, for a moment: it starts a helper thread for each core that it sees.

    Those helpers have nothing to do here and stay until Python's next collection of circles.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    with suppress(OSError):
        os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)


class AacEncoder:
    """Sound of any kind to AAC. Times of the packets follow those of the sound; never negative, never back."""

    def __init__(self, rate_hz: int, channels: int, *, bit_rate_bps: int = _BIT_RATE_BPS) -> None:
        self.rate_hz = next((rate for rate in _RATES_HZ if rate >= rate_hz), _RATES_HZ[-1])
        self._layout = "mono" if channels == 1 else "stereo"
        self.stream = aac_template(self.rate_hz, self._layout, bit_rate_bps)
        """What muxers take as template; nothing is encoded with it."""
        self._codec: AudioCodecContext | None = _own_encoder(self.rate_hz, self._layout, bit_rate_bps)
        self._frame_size = self._codec.frame_size or 1024
        self._resampler: Resampler | None = None
        self._fifo = AudioFifo()
        self._position: int | None = None
        """Samples since time 0 of the next sample that leaves the queue."""
        self._last_dts = -1
        self._begun = False
        self.dropped = 0

    def encode(self, frame: AudioFrame, start_s: Fraction | float) -> Iterator[tuple[AudioFrame, Packet[AudioStream]]]:
        """Encode `frame`, whose first sample belongs to `start_s`. Raises FFmpegError.

        Gaps and jumps of more than 0.1 s are kept as such, smaller ones are jitter of the camera's clock.
        """
        self._follow(int(start_s * self.rate_hz))
        if self._resampler is None:
            self._resampler = Resampler(sample_format="fltp", layout=self._layout, rate_hz=self.rate_hz)
        frame.pts = None
        for part in self._resampler.resample(frame):
            part.pts = None
            self._fifo.write(part)
        while (block := self._fifo.read(self._frame_size)) is not None:
            yield from self._encode_block(block)

    def _follow(self, start: int) -> None:
        if self._position is None:
            self._position = max(0, start)
            return
        expected = self._position + self._fifo.samples
        if start > expected + _GAP_S * self.rate_hz:
            self._fifo = AudioFifo()
            self._position = start
        elif start < expected - _GAP_S * self.rate_hz:
            # The encoder takes no steps back in time; what lies before is cut by `_last_dts`.
            if self._codec is not None:
                self._codec.flush_buffers()
            self._fifo = AudioFifo()
            self._position = max(0, start)

    def _encode_block(self, block: AudioFrame) -> Iterator[tuple[AudioFrame, Packet[AudioStream]]]:
        assert self._position is not None
        block.pts, block.time_base = self._position, Fraction(1, self.rate_hz)
        self._position += block.samples
        for packet in self._packets(block):
            # The first packet is the encoder's run-up, before time 0 where the sound starts there.
            if packet.dts is None or packet.dts < 0 or packet.dts <= self._last_dts:
                self.dropped += 1
                continue
            self._last_dts = packet.dts
            yield block, packet

    def _packets(self, block: AudioFrame) -> list[Packet[AudioStream]]:
        if self._codec is None:
            return []
        if self._begun:
            return self._codec.encode(block)
        self._begun = True
        # PyAV puts a converter before the encoder with the first block, and gives no way to it.
        with one_core():
            return self._codec.encode(block)

    def close(self) -> None:
        """Release the encoder; safe to call twice."""
        self._codec = None


def _own_encoder(rate_hz: int, layout: str, bit_rate_bps: int) -> AudioCodecContext:
    """It goes when its user goes: with a stream of PyAV it would wait for Python's full collection."""
    codec = CodecContext.create("aac", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = rate_hz, layout, AudioFormat("fltp")
    codec.bit_rate = bit_rate_bps
    codec.time_base = Fraction(1, rate_hz)
    codec.flags |= Flags.global_header
    codec.open()
    return codec


@cache
def aac_template(rate_hz: int, layout: str, bit_rate_bps: int = _BIT_RATE_BPS) -> AudioStream:
    """A stream of a container that is never written. Kept: there are few kinds, and each is the same for ever."""
    container = av.open(io.BytesIO(), "w", format="mpegts")
    stream = container.add_stream("aac", rate=rate_hz)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = layout
    stream.codec_context.bit_rate = bit_rate_bps
    stream.codec_context.time_base = Fraction(1, rate_hz)
    container.start_encoding()
    return stream


class AudioTranscoder:
    """Decodes a camera's sound and encodes it as AAC. Errors are counted, never raised."""

    def __init__(self, source: AudioStream) -> None:
        context = source.codec_context
        self._encoder = AacEncoder(context.sample_rate, context.channels or 1)
        self._clock = SteadyClock()
        self._failed = 0

    @property
    def stream(self) -> AudioStream:
        """Our encoder's stream."""
        return self._encoder.stream

    @property
    def dropped(self) -> int:
        """Packets lost to errors, jumps and the encoder's run-up."""
        return self._failed + self._encoder.dropped

    def transcode(self, packet: MediaPacket, arrived_s: float) -> Iterator[tuple[AudioFrame, Packet[AudioStream]]]:
        """Sound blocks (as encoded) and packets that `packet` completes."""
        try:
            for frame in packet.decode():
                if isinstance(frame, AudioFrame):
                    yield from self._encoded(frame, _start_s(frame, arrived_s))
        except FFmpegError, ValueError:
            self._failed += 1

    def _encoded(self, frame: AudioFrame, start_s: Fraction) -> Iterator[tuple[AudioFrame, Packet[AudioStream]]]:
        steady_s = self._clock.steady(start_s, Fraction(frame.samples, frame.sample_rate or 1))
        for block, encoded in self._encoder.encode(frame, steady_s):
            shift = round(self._clock.shift_s * self._encoder.rate_hz)
            if shift and encoded.dts is not None:
                # To the camera's clock.
                encoded.dts -= shift
                encoded.pts = encoded.dts
            yield block, encoded

    def close(self) -> None:
        """Release the encoder."""
        self._encoder.close()


def _start_s(frame: AudioFrame, arrived_s: float) -> Fraction:
    if frame.pts is None or frame.time_base is None:
        return Fraction(arrived_s)
    return frame.pts * fraction_of(frame.time_base)
