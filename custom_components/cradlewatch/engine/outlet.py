"""What viewers get of a camera: its packets on one timeline, as MPEG-TS, from the ring through the relay.

A generation is one muxer: as long as the shape of the stream stays the same, viewers go on over a reconnect.
"""

from collections import deque
from pathlib import Path

from av.error import FFmpegError

from .errors import RelayError
from .muxer import StreamShape, TsMuxer
from .relay import RelayServer
from .ring import StreamRing
from .settings import LoopSettings
from .source.types import MediaItem, Source
from .timeline import Timeline, TimelineCounts

# Wrap of the 33-bit clock comes after 26.5 h from the timeline's start at 1 h: begin anew before it.
_GENERATION_MAX_S = 24 * 3600.0
_RESTLESS = 2
_RESTLESS_S = 60.0
"""So many changes within so long, and those after them that leave the picture's size are borne as they come."""


class Outlet:
    """In the loop's thread, apart from the figures and the cutting of viewers."""

    def __init__(self, settings: LoopSettings, relay_path: Path, name: str) -> None:
        self.ring = StreamRing(keep_s=settings.ring_s, keep_bytes=settings.ring_bytes)
        self.relay = RelayServer(relay_path, self.ring, name)
        self.dropped = 0
        """Packets that the muxer refused."""
        self.format_changes = 0
        """How often the stream changed while its connection stayed."""
        self.changes_borne = 0
        """Those of them that viewers need not open the stream anew for."""
        self._changes_s: deque[float] = deque(maxlen=_RESTLESS)
        self._timeline = Timeline()
        self._muxer: TsMuxer | None = None
        self._began_s = 0.0

    @property
    def counts(self) -> TimelineCounts:
        """What the timeline of this generation had to mend."""
        return self._timeline.counts

    @property
    def video_out_s(self) -> float:
        """Output time of the newest picture; 0.0 before the first."""
        return self._timeline.video_out_s or 0.0

    def source_opened(self, source: Source, now_s: float) -> bool:
        """A new connection; True where viewers must open the stream again, for it is not of the last one's shape."""
        self._timeline.source_reopened()
        shape = StreamShape.of(source.video_stream, source.audio_stream)
        muxer = self._muxer
        if muxer is not None and muxer.shape == shape and now_s - self._began_s <= _GENERATION_MAX_S:
            return False
        if muxer is not None:
            muxer.close()
            self.relay.retire_viewers()
        self._timeline = Timeline()
        self._muxer = TsMuxer(source.video_stream, source.audio_stream, self._timeline)
        self._began_s = now_s
        self.ring.clear()
        return muxer is not None

    def bears(self, source: Source, now_s: float) -> bool:
        """The stream has changed while its connection stays; True where viewers can go on with what they have.

        Restless parameters in a picture of the same size (a rate that is written anew with each keyframe) are taken by
        decoders as they come. To cut the viewers each time would leave them without a picture.
        """
        self.format_changes += 1
        restless = len(self._changes_s) == _RESTLESS and now_s - self._changes_s[0] < _RESTLESS_S
        self._changes_s.append(now_s)
        shape = StreamShape.of(source.video_stream, source.audio_stream)
        if not restless or self._muxer is None or not self._muxer.shape.is_shown_like(shape):
            return False
        self.changes_borne += 1
        return True

    def send(self, item: MediaItem) -> None:
        """Pass a packet on to whoever watches. Raises RelayError where nobody can be served any more."""
        assert self._muxer is not None
        if self.relay.failed:
            raise RelayError("the relay broke")
        try:
            for chunk in self._muxer.mux(item):
                if chunk.is_key:
                    self.ring.set_header(self._muxer.header)
                self.ring.append(chunk.data, is_key=chunk.is_key, timeline_s=self.video_out_s, arrived_s=item.arrived_s)
        except ValueError, OSError, FFmpegError:
            # One packet that it refuses is dropped; the stream goes on.
            self.dropped += 1
        self.relay.wake()

    def forget(self) -> None:
        """Nothing of the picture stays; viewers are cut."""
        self.ring.clear()
        self.relay.cut_viewers()
        if self._muxer is not None:
            self._muxer.close()
            self._muxer = None
