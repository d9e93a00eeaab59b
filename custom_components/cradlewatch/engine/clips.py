"""Clips of incidents as MP4, with pre-roll, without re-encoding: a slow reader of the ring and nothing more."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import errno
import logging
import os
from pathlib import Path
import threading
import time

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from .errors import DiskFullError, StoreError
from .ring import EvictedError, StreamRing

_LOGGER = logging.getLogger(__name__)
_POLL_S = 0.1
_MAX_AT_ONCE = 8
_FULL = (errno.ENOSPC, errno.EDQUOT)
# An incident may last for hours; its clip shows how it began.
_MAX_CLIP_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished clip. `began_at` is the true time of its first picture."""

    path: Path
    began_at: datetime
    duration_s: float
    size_bytes: int


class ClipHandle:
    """A clip in work. `finish` from any thread; `result` gives the Clip or StoreError."""

    def __init__(self, latest_s: float) -> None:
        self._end_s = latest_s
        self._lock = threading.Lock()
        self.result: Future[Clip] = Future()

    @property
    def end_s(self) -> float:
        """Monotonic time at which the clip ends."""
        with self._lock:
            return self._end_s

    def finish(self, post_s: float) -> None:
        """End the clip `post_s` from now, or at its greatest length."""
        with self._lock:
            self._end_s = min(self._end_s, time.monotonic() + post_s)


class ClipWriter:
    """Writes clips from the ring, each in a thread of its own that may be slow without harm."""

    def __init__(self, ring: StreamRing, name: str, rotation_deg: int = 0) -> None:
        """`rotation_deg`: clockwise, written into the file for players to turn the picture by."""
        self._ring = ring
        self._name = name
        self._rotation_deg = rotation_deg
        self._lock = threading.Lock()
        self._handles: set[ClipHandle] = set()

    @property
    def in_work(self) -> int:
        """Clips being written now."""
        with self._lock:
            return len(self._handles)

    def start(self, path: Path, pre_s: float) -> ClipHandle:
        """Begin a clip at the keyframe at or before `pre_s` ago. Raises StoreError: too many, nothing to show."""
        now_s = time.monotonic()
        cursor = self._ring.key_before(now_s - pre_s)
        if cursor is None:
            raise StoreError("there is no picture to keep")
        handle = ClipHandle(now_s + _MAX_CLIP_S)
        with self._lock:
            if len(self._handles) >= _MAX_AT_ONCE:
                raise StoreError("too many clips are being written")
            self._handles.add(handle)
        writing = threading.Thread(
            target=self._write, args=(handle, path, cursor), name=f"{self._name}-clip", daemon=True
        )
        try:
            writing.start()
        except RuntimeError as error:
            with self._lock:
                self._handles.discard(handle)
            raise StoreError("no thread is left to write it") from error
        return handle

    def end_all(self, timeout_s: float = 1.0) -> None:
        """End all clips with what they have, and wait for them a little."""
        with self._lock:
            handles = list(self._handles)
        for handle in handles:
            handle.finish(0)
        deadline_s = time.monotonic() + timeout_s
        while self.in_work and time.monotonic() < deadline_s:
            time.sleep(0.02)

    def _write(self, handle: ClipHandle, path: Path, cursor: int) -> None:
        try:
            clip = _remux(_RingReader(self._ring, cursor, handle), path, self._rotation_deg)
        except StoreError as error:
            handle.result.set_exception(error)
        except Exception as error:  # noqa: BLE001 - PyAV's end of file is none of OSError and ValueError; told in any case
            kind = DiskFullError if getattr(error, "errno", None) in _FULL else StoreError
            handle.result.set_exception(kind(f"the clip could not be written: {type(error).__name__}"))
        else:
            handle.result.set_result(clip)
        finally:
            with self._lock:
                self._handles.discard(handle)


class _RingReader:
    """File-like view of the ring from a keyframe on, that ends where the clip ends."""

    def __init__(self, ring: StreamRing, cursor: int, handle: ClipHandle) -> None:
        self._ring = ring
        self._cursor = cursor
        self._handle = handle
        self._rest = ring.header
        self.began_s: float | None = None

    def read(self, size: int) -> bytes:
        while not self._rest:
            data = self._next()
            if data is None:
                return b""
            self._rest = data
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def _next(self) -> bytes | None:
        while True:
            try:
                chunks = self._ring.read(self._cursor, 32)
            except EvictedError:
                return None
            wanted = [chunk for chunk in chunks if chunk.arrived_s <= self._handle.end_s]
            if wanted:
                if self.began_s is None:
                    self.began_s = wanted[0].arrived_s
                self._cursor = wanted[-1].sequence + 1
                return b"".join(chunk.data for chunk in wanted)
            if chunks or time.monotonic() >= self._handle.end_s:
                return None
            time.sleep(_POLL_S)


def _remux(reader: _RingReader, path: Path, rotation_deg: int) -> Clip:
    part = path.with_name(f"{path.name}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Made first, so that the mode is right from the first byte on.
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        duration_s = _copy(reader, part, rotation_deg)
        size_bytes = part.stat().st_size
        _sync(part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    age_s = time.monotonic() - (reader.began_s or time.monotonic())
    return Clip(
        path=path,
        began_at=datetime.now(UTC) - timedelta(seconds=age_s),
        duration_s=duration_s,
        size_bytes=size_bytes,
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(reader: _RingReader, part: Path, rotation_deg: int) -> float:
    """Demux the ring's TS and mux MP4; returns the length in seconds."""
    with (
        av.open(reader, "r", format="mpegts") as source,
        av.open(str(part), "w", format="mp4", options={"movflags": "faststart"}) as target,
    ):
        return _copy_packets(source, target, rotation_deg)


def _copy_packets(source: InputContainer, target: OutputContainer, rotation_deg: int) -> float:
    streams: dict[int, Stream] = {}
    if not source.streams.video:
        raise StoreError("there is no picture to keep")
    # The tables may name a sound that has sent nothing yet: what is not known has no place in MP4, the picture has.
    known = [stream for stream in source.streams.audio if stream.codec_context and stream.codec_context.sample_rate]
    for stream in (source.streams.video[0], *known[:1]):
        streams[stream.index] = copied = target.add_stream_from_template(stream)
        if isinstance(copied, VideoStream):
            _dress(copied, source.streams.video[0].codec_context.name, rotation_deg)
    first_s: float | None = None
    last_s = 0.0
    for packet in _packets(source):
        if packet.stream.index not in streams or packet.dts is None:
            continue
        is_video = packet.stream.type == "video"
        if first_s is None:
            if not (is_video and packet.is_keyframe):
                continue
            first_s = float(packet.dts * packet.time_base)
        at_s = float(packet.dts * packet.time_base) - first_s
        if at_s < 0:
            continue
        shift = round(first_s / float(packet.time_base))
        packet.dts -= shift
        packet.pts = packet.pts - shift if packet.pts is not None else packet.dts
        packet.stream = streams[packet.stream.index]
        target.mux_one(packet)
        last_s = max(last_s, at_s)
    if first_s is None:
        raise StoreError("there is no picture to keep")
    return last_s


def _dress(video: VideoStream, codec: str, rotation_deg: int) -> None:
    """What players need to know of the picture."""
    if codec == "hevc":
        # By FFmpeg's own name for it (hev1) nothing of Apple's plays it.
        video.codec_context.codec_tag = "hvc1"
    if rotation_deg:
        # PyAV counts the other way round.
        video.set_display_rotation(360 - rotation_deg)


def _packets(source: InputContainer) -> Iterator[Packet[Stream]]:
    """Packets until the end; damage at the end of what the ring holds is an end as well."""
    try:
        yield from source.demux()
    except FFmpegError as error:
        _LOGGER.debug("A clip ends early: %s", type(error).__name__)
