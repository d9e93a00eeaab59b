"""HLS: a segment of some seconds comes at once, then nothing until the next. Viewers get it in real time."""

from collections.abc import Iterator
import time

from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from ..errors import SourceEndedError, SourceProblem
from .reader import MediaPacket, PacketReader, fraction_of
from .types import AbortToken

READ_TIMEOUT_S = 12.0
"""Longer than a segment: while one is awaited nothing comes, and that is no fault."""
_MAX_AHEAD_S = 12.0
_MAX_LATE_S = 2.0


def is_playlist(address: str) -> bool:
    """True for the address of an HLS playlist."""
    return ".m3u8" in address.lower()


class PacedReader:
    """Hands out the packets of another reader when their time has come.

    It then stays as far behind the live edge as FFmpeg starts: the next segment is there before it is needed.
    """

    live_clock = False

    def __init__(self, reader: PacketReader, abort: AbortToken) -> None:
        self._reader = reader
        self._abort = abort
        self._zero_s: float | None = None

    @property
    def video(self) -> VideoStream:
        """See `PacketReader`."""
        return self._reader.video

    @property
    def audio(self) -> AudioStream | None:
        """See `PacketReader`."""
        return self._reader.audio

    def packets(self) -> Iterator[tuple[MediaPacket, float]]:
        """Packets in real time; a jump of the clock or a late segment begins a new count."""
        for packet, _ in self._reader.packets():
            if packet.dts is not None and packet.stream.type == "video":
                self._wait(float(packet.dts * fraction_of(packet.time_base)))
            yield packet, time.monotonic()

    def close(self) -> None:
        """Close the other one."""
        self._reader.close()

    def _wait(self, at_s: float) -> None:
        now_s = time.monotonic()
        if self._zero_s is None or not -_MAX_LATE_S < self._zero_s + at_s - now_s < _MAX_AHEAD_S:
            self._zero_s = now_s - at_s
        if self._abort.wait(max(0.0, self._zero_s + at_s - now_s)):
            raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "stopped")
