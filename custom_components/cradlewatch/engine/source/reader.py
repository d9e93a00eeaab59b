"""One open container: packets of its video and its audio, errors cleaned."""

from collections.abc import Callable, Iterator
from fractions import Fraction
import time
from typing import Protocol, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.rational import AVRational
from av.video.stream import VideoStream

from ..errors import SourceEndedError, SourceError, SourceProblem
from .boundary import Address, guarded
from .types import AbortToken

type MediaPacket = Packet[VideoStream | AudioStream]

_MAX_AUDIO_RATE_HZ = 192_000


class NoSizeYetError(SourceError):
    """There is video, but what its picture is like has not been sent yet."""


class PacketReader(Protocol):
    """What `StreamSource` reads from: a connection, a device or a queue of files."""

    @property
    def video(self) -> VideoStream: ...

    @property
    def audio(self) -> AudioStream | None: ...

    @property
    def live_clock(self) -> bool:
        """True where packets carry no usable time and the moment of arrival is the best there is."""
        ...

    def packets(self) -> Iterator[tuple[MediaPacket, float]]:
        """Packets with the monotonic second of their arrival. Raises SourceError."""
        ...

    def close(self) -> None: ...


class ContainerReader:
    """Reads one container. The container itself never leaves it: its `repr` shows the address."""

    def __init__(
        self, container: InputContainer, address: Address, abort: AbortToken, *, silence_limit_s: float | None = None
    ) -> None:
        self._silence_limit_s = float("inf") if silence_limit_s is None else silence_limit_s
        self._container: InputContainer | None = container
        self._address = address
        self._abort = abort
        self._on_close: list[Callable[[], None]] = []
        try:
            self.video = best_video(container)
            self.audio = best_audio(container)
        except SourceError:
            self.close()
            raise
        self.live_clock = container.format.name in ("mpjpeg", "mjpeg", "image2pipe", "h264", "hevc", "m4v")

    def on_close(self, call: Callable[[], None]) -> None:
        """Call `call` once when the reader is closed."""
        self._on_close.append(call)

    def packets(self) -> Iterator[tuple[MediaPacket, float]]:
        """Packets in arrival order. Raises SourceError; SourceEndedError at the end and on abort."""
        container = self._container
        if container is None:
            raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "closed")
        streams: list[VideoStream | AudioStream] = [self.video]
        if self.audio is not None:
            streams.append(self.audio)
        demuxer = cast("Iterator[MediaPacket]", container.demux(*streams))
        del container  # its repr shows the address
        asked_s = time.monotonic()
        while (packet := guarded(lambda: next(demuxer, None), self._address, ended=True)) is not None:
            if self._abort.aborted:
                raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "stopped")
            arrived_s = time.monotonic()
            if arrived_s - asked_s >= self._silence_limit_s:
                # FFmpeg gives out the last half-read packet when a read times out, and its next read blocks as long.
                raise SourceError(SourceProblem.TIMEOUT, "no packet in time")
            if packet.size:
                yield packet, arrived_s
            asked_s = time.monotonic()
        raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "the stream ended")

    def close(self) -> None:
        """Close the container; safe to call twice."""
        container, self._container = self._container, None
        calls, self._on_close = self._on_close, []
        for call in calls:
            call()
        if container is not None:
            guarded(container.close, self._address)


def fraction_of(rational: AVRational) -> Fraction:
    """PyAV's rational as the standard library's."""
    return Fraction(rational.numerator, rational.denominator)


def best_video(container: InputContainer) -> VideoStream:
    """The first moving picture of `container`; raises SourceError(no_video), NoSizeYetError."""
    unsized = False
    for stream in container.streams.video:
        cover_art = bool(stream.disposition & av.stream.Disposition.attached_pic)
        context = stream.codec_context
        if cover_art or context is None:
            continue
        if context.width > 0:
            return stream
        unsized = True
    if unsized:
        raise NoSizeYetError(SourceProblem.NO_VIDEO, "no keyframe came in time")
    raise SourceError(SourceProblem.NO_VIDEO, "there is no video in this source")


def best_audio(container: InputContainer) -> AudioStream | None:
    """The first sound that can be decoded, None where there is none: sound never keeps the picture away."""
    for stream in container.streams.audio:
        context = stream.codec_context
        if context is not None and 0 < context.sample_rate <= _MAX_AUDIO_RATE_HZ:
            return stream
    return None
