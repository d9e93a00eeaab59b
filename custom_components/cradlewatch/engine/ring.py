"""The last seconds of the stream as MPEG-TS, for viewers that join and for clips of what just happened.

Thread-safe: the frame loop appends, the relay and clip writers read by cursor. Readers never hold up the loop:
one that falls so far behind that its place was evicted is told so and must begin anew or give up.
"""

from collections import deque
from dataclasses import dataclass
import threading

TS_PACKET_BYTES = 188
# Home Assistant's master playlist waits for two segments of its shortest length (5.9 s): a viewer that starts
# at a keyframe with a later one at least so far after it has its picture at once (measured, pipeline-facts 1).
_TWO_SEGMENTS_S = 5.95
_SETTLED_S = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Whole TS packets in the order of the stream."""

    data: bytes
    sequence: int
    """Counts chunks over the ring's life, never reused."""
    is_key: bool
    """True where a video keyframe begins with the first byte."""
    timeline_s: float
    """Decoding time on the output's timeline."""
    arrived_s: float
    """Monotonic time of arrival."""


class EvictedError(Exception):
    """The reader's place is no longer in the ring: it was too slow."""


class StreamRing:
    """Bounded in seconds and bytes; begins at a keyframe, so that its oldest chunk can be played.

    Where two GOPs are more than there is room for it begins in the middle of one: who reads along goes on, who comes
    waits for the next keyframe.
    """

    def __init__(self, *, keep_s: float, keep_bytes: int) -> None:
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._lock = threading.Lock()
        self._chunks: deque[Chunk] = deque()
        self._key_sequences: deque[int] = deque()
        self._bytes = 0
        self._begun = False
        self._next_sequence = 0
        self._header = b""

    @property
    def size_bytes(self) -> int:
        """Bytes held now."""
        with self._lock:
            return self._bytes

    @property
    def header(self) -> bytes:
        """The tables (PAT, PMT) that a reader needs before its first chunk."""
        with self._lock:
            return self._header

    def append(self, data: bytes, *, is_key: bool, timeline_s: float, arrived_s: float) -> None:
        """Add whole TS packets. Chunks before the first keyframe are not kept: nobody could decode them."""
        with self._lock:
            self._begun = self._begun or is_key
            if not self._begun:
                return
            chunk = Chunk(
                data=data,
                sequence=self._next_sequence,
                is_key=is_key,
                timeline_s=timeline_s,
                arrived_s=arrived_s,
            )
            self._next_sequence += 1
            self._chunks.append(chunk)
            self._bytes += len(data)
            if is_key:
                self._key_sequences.append(chunk.sequence)
            self._evict(arrived_s)

    def set_header(self, header: bytes) -> None:
        """The tables as the muxer wrote them last."""
        with self._lock:
            self._header = header

    def clear(self) -> None:
        """Forget all pictures: privacy, or a new generation of the stream. Readers are evicted."""
        with self._lock:
            self._header = b""
            self._clear()
            # A reader that had read everything waits for this number: what comes is not what it began with.
            self._next_sequence += 1

    def replay_start(self, now_s: float) -> int | None:
        """Sequence at which a viewer that joins now starts, None while there is no keyframe yet."""
        with self._lock:
            if not self._key_sequences:
                return None
            first = self._chunks[0].sequence
            keys = [self._chunks[sequence - first] for sequence in self._key_sequences]
        settled = [key for key in keys if now_s - key.arrived_s >= _SETTLED_S]
        if settled:
            for key in reversed(keys):
                if settled[-1].timeline_s - key.timeline_s >= _TWO_SEGMENTS_S:
                    return key.sequence
        return keys[0].sequence

    def key_before(self, arrived_s: float) -> int | None:
        """Sequence of the newest keyframe that arrived at or before `arrived_s`, else the oldest one kept."""
        with self._lock:
            if not self._key_sequences:
                return None
            first = self._chunks[0].sequence
            found = self._key_sequences[0]
            for sequence in self._key_sequences:
                if self._chunks[sequence - first].arrived_s > arrived_s:
                    break
                found = sequence
            return found

    def read(self, sequence: int, limit: int = 64) -> list[Chunk]:
        """Up to `limit` chunks from `sequence` on; [] when there is none yet. Raises EvictedError."""
        with self._lock:
            if sequence >= self._next_sequence:
                return []
            if not self._chunks or sequence < self._chunks[0].sequence:
                raise EvictedError
            begin = sequence - self._chunks[0].sequence
            return [self._chunks[index] for index in range(begin, min(begin + limit, len(self._chunks)))]

    def _clear(self) -> None:
        self._chunks.clear()
        self._key_sequences.clear()
        self._bytes = 0
        self._begun = False

    def _evict(self, now_s: float) -> None:
        """Drop whole GOPs from the front, never the last two: a viewer needs one to start."""
        while len(self._key_sequences) > 2:
            second_key = self._chunks[self._key_sequences[1] - self._chunks[0].sequence]
            too_old = now_s - second_key.arrived_s >= self._keep_s
            if not too_old and self._bytes <= self._keep_bytes:
                return
            self._drop_first_gop(second_key.sequence)
        # A camera without a second keyframe in sight must not fill the memory either.
        if self._bytes > 2 * self._keep_bytes:
            self._trim()

    def _trim(self) -> None:
        while self._chunks and self._bytes > self._keep_bytes:
            self._bytes -= len(self._chunks.popleft().data)
        while self._key_sequences and (not self._chunks or self._key_sequences[0] < self._chunks[0].sequence):
            self._key_sequences.popleft()

    def _drop_first_gop(self, until_sequence: int) -> None:
        while self._chunks[0].sequence < until_sequence:
            self._bytes -= len(self._chunks.popleft().data)
        self._key_sequences.popleft()
