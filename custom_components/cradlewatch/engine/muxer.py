"""Packets of a source to MPEG-TS bytes, without re-encoding."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from .ring import TS_PACKET_BYTES
from .source.types import MediaItem
from .timeline import Timeline

_TS_CLOCK = Fraction(1, 90_000)
_OPTIONS = {
    # How long video may wait for late sound before it goes out alone.
    "max_interleave_delta": "100000",
    "flush_packets": "1",
    # Each audio frame leaves at once instead of being gathered.
    "pes_payload_size": "0",
    "mpegts_flags": "+resend_headers",
    "pat_period": "0.5",
}
_PAT_PID = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamShape:
    """What must stay the same for viewers to go on with the same tables and parameter sets."""

    video: tuple[object, ...]
    audio: tuple[object, ...] | None

    @classmethod
    def of(cls, video: VideoStream, audio: AudioStream | None) -> StreamShape:
        """Shape of these streams."""
        context = video.codec_context
        video_shape = (context.name, context.width, context.height, bytes(context.extradata or b""))
        if audio is None:
            return cls(video=video_shape, audio=None)
        sound = audio.codec_context
        audio_shape = (sound.name, sound.sample_rate, sound.layout.name, bytes(sound.extradata or b""))
        return cls(video=video_shape, audio=audio_shape)

    def is_shown_like(self, other: StreamShape) -> bool:
        """Whether nothing but the parameter sets of the video differs: codec, size and sound are the same."""
        return (self.video[:-1], self.audio) == (other.video[:-1], other.audio)


@dataclass(frozen=True, slots=True, kw_only=True)
class MuxedChunk:
    """Whole TS packets; `is_key` where a keyframe begins with the first byte."""

    data: bytes
    is_key: bool


class _Collector:
    """The muxer's output: gathers bytes until they are taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class TsMuxer:
    """One generation of the stream: fixed codecs and parameter sets. Belongs to the loop's thread."""

    def __init__(self, video: VideoStream, audio: AudioStream | None, timeline: Timeline) -> None:
        self.shape = StreamShape.of(video, audio)
        self._timeline = timeline
        self._collector = _Collector()
        self._output: OutputContainer = av.open(self._collector, "w", format="mpegts", options=_OPTIONS)
        self._video = self._output.add_stream_from_template(video)
        self._audio = self._output.add_stream_from_template(audio) if audio is not None else None
        self._video_pid: int | None = None
        self._rest = b""
        self._tables: dict[int, bytes] = {}
        self._pmt_pid: int | None = None

    @property
    def header(self) -> bytes:
        """PAT and PMT as last written; b"" before the first packet."""
        return b"".join(self._tables.values())

    def mux(self, item: MediaItem) -> Iterator[MuxedChunk]:
        """Write one packet; yields what the muxer lets go of (it interleaves: not always this packet)."""
        if self._retime(item):
            self._output.mux_one(item.packet)
            yield from self._split(self._collector.take())

    def close(self) -> None:
        """Release the muxer; what it still held is dropped."""
        self._output.close()
        self._collector.take()

    def _retime(self, item: MediaItem) -> bool:
        """Put the packet on the output timeline; False where it must be dropped."""
        packet = item.packet
        if packet.dts is None:
            if packet.pts is None:
                return False
            packet.dts = packet.pts
        base = float(packet.time_base)
        delay_s = max(0.0, (packet.pts - packet.dts) * base) if packet.pts is not None else 0.0
        is_video = item.stream.type == "video"
        dts_s = packet.dts * base
        out_s = self._timeline.video(dts_s) if is_video else self._timeline.audio(dts_s)
        if out_s is None:
            return False
        packet.duration = round(packet.duration * base / float(_TS_CLOCK)) if packet.duration else 0
        packet.time_base = _TS_CLOCK
        packet.dts = round(out_s * 90_000)
        packet.pts = packet.dts + round(delay_s * 90_000)
        target = self._video if is_video else self._audio
        if target is None:
            return False
        packet.stream = target
        return True

    def _split(self, data: bytes) -> Iterator[MuxedChunk]:
        """Cut the bytes so that every keyframe begins a chunk.

        The muxer interleaves, so its bytes are not those of the packet just given: keyframes are found by the
        random access indicator in the bytes themselves.
        """
        data = self._rest + data
        usable = len(data) - len(data) % TS_PACKET_BYTES
        self._rest = data[usable:]
        begin, is_key = 0, False
        for at in range(0, usable, TS_PACKET_BYTES):
            if not data[at + 1] & 0x40:
                continue
            pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
            if pid in (_PAT_PID, self._pmt_pid):
                self._keep_table(pid, data[at : at + TS_PACKET_BYTES])
            elif self._begins_keyframe(pid, data, at):
                if at > begin:
                    yield MuxedChunk(data=data[begin:at], is_key=is_key)
                begin, is_key = at, True
        if usable > begin:
            yield MuxedChunk(data=data[begin:usable], is_key=is_key)

    def _keep_table(self, pid: int, packet: bytes) -> None:
        self._tables[pid] = packet
        if pid == _PAT_PID:
            # pointer field, section header (8), first programme: number (2), PID (2)
            self._pmt_pid = (packet[15] & 0x1F) << 8 | packet[16]

    def _begins_keyframe(self, pid: int, data: bytes, at: int) -> bool:
        has_adaptation = data[at + 3] & 0x20 and data[at + 4] > 0
        if not (has_adaptation and data[at + 5] & 0x40):
            return False
        if self._video_pid is None:
            self._video_pid = self._find_video_pid(data, at)
        return pid == self._video_pid

    @staticmethod
    def _find_video_pid(data: bytes, at: int) -> int | None:
        """PID of this PES packet if its stream id is that of video (0xE0-0xEF)."""
        payload = at + 5 + data[at + 4]
        if data[payload : payload + 3] == b"\x00\x00\x01" and data[payload + 3] & 0xF0 == 0xE0:
            return (data[at + 1] & 0x1F) << 8 | data[at + 2]
        return None
