"""The clip of one window: written frame by frame, finished in an instant, readable after a crash.

While a window runs, its frames go into a fragmented MP4 (`<name>.part0.mp4`) whose timestamps are the true time
inside the window; after a restart within the window they go on in the next part. Finishing copies the packets,
without encoding anything, into a plain MP4 of one frame a second; the true times become the `ClipMap`. So parts
that a crash left behind are finished in the same way, map included.
Where there is no H.264 encoder the frames are JPEG files in a folder, named by their time.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
import json
import os
from pathlib import Path
import shutil
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from ..source.audio import aac_template
from .clip_writer import CLIP_FPS, ClipWriter, JpegWriter, Mp4Writer
from .sound import RATE_HZ, SoundPacket, placed, read_sound, sound_path, stretches

MAX_BYTES = 14_000_000
"""Base64 adds a third, and a request may hold 20 MB."""

_PARTS_MAX = 100
_PART_JPEGS = ".part.jpegs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMap:
    """Which true time inside the window (seconds) each frame of the clip shows. Frame n is shown at n / clip_fps."""

    offsets_s: tuple[float, ...]
    clip_fps: float = float(CLIP_FPS)

    @property
    def clip_length_s(self) -> float:
        """Playing time of the clip."""
        return len(self.offsets_s) / self.clip_fps

    def window_offset_s(self, clip_s: float) -> float:
        """The true offset for a time of the clip; what lies outside counts as the first or last frame.

        Raises:
            ValueError: the clip has no frame.
        """
        if not self.offsets_s:
            raise ValueError("a clip without frames has no time")
        index = int(max(0.0, clip_s) * self.clip_fps)
        return self.offsets_s[min(index, len(self.offsets_s) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClip:
    """A finished clip on disk: an MP4 (`mp4` True) or a folder of JPEG files."""

    path: Path
    mp4: bool
    time_map: ClipMap
    size_bytes: int
    sound: tuple[tuple[float, float], ...] = ()
    """Stretches with sound, in seconds of the clip; where there is any, the MP4 has a second track."""

    @property
    def sound_s(self) -> float:
        """Seconds of sound as a model counts them: from the first to the last, silence between included."""
        return self.sound[-1][1] - self.sound[0][0] if self.sound else 0.0

    def jpegs(self) -> tuple[bytes, ...]:
        """The frames of a JPEG clip in order."""
        return tuple(file.read_bytes() for file in sorted(self.path.glob("*.jpg")))


def begin_clip(folder: Path, name: str, size_wh: tuple[int, int], *, mp4: bool) -> ClipWriter:
    """Begin the window `name` in `folder` (made when missing), or go on with it after a restart.

    The size of a part that is there already wins over `size_wh`: see the writer's `size_wh`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not mp4:
        return JpegWriter(folder / (name + _PART_JPEGS), size_wh)
    parts = [part for part in mp4_parts(folder, name) if offsets_of(part)]
    if parts:
        with av.open(parts[0], "r", format="mp4") as container:
            size_wh = (container.streams.video[0].width, container.streams.video[0].height)
    number = max((_number_of(part) for part in mp4_parts(folder, name)), default=-1) + 1
    if number >= _PARTS_MAX:
        raise OSError(f"window {name} was begun {number} times")
    return Mp4Writer(folder / f"{name}.part{number}.mp4", size_wh)


def finish_clip(folder: Path, name: str) -> WindowClip | None:
    """Turn the closed (or left behind) parts of window `name` into its clip, atomically; None where nothing is in it.

    Raises:
        OSError, FFmpegError: no space, no permission. The parts stay.
    """
    jpegs = folder / (name + _PART_JPEGS)
    if jpegs.is_dir():
        sound_path(folder, name).unlink(missing_ok=True)
        return _finish_jpegs(jpegs, folder / f"{name}.jpegs")
    all_parts = mp4_parts(folder, name)
    parts = {part: offsets_s for part in all_parts if (offsets_s := offsets_of(part))}
    if parts:
        beside = folder / f"{name}.mp4.new"
        times = [offset_s for offsets_s in parts.values() for offset_s in offsets_s]
        sound = placed(tuple(read_sound(sound_path(folder, name))), times)
        copy_retimed(tuple(parts), beside, sound=sound)
        # The map first: a clip that is there always has one.
        kept = {"offsets_s": times, "sound": stretches(sound)}
        write_atomically(folder / f"{name}.map.json", json.dumps(kept).encode())
        # As old as its last frame: one that is finished after days of standstill is not of today.
        _set_age_of(beside, max(part.stat().st_mtime for part in parts))
        beside.replace(folder / f"{name}.mp4")
    for part in all_parts:
        part.unlink()
    sound_path(folder, name).unlink(missing_ok=True)
    return load_clip(folder, name)


def load_clip(folder: Path, name: str) -> WindowClip | None:
    """The finished clip of window `name`, None where there is none."""
    jpegs = folder / f"{name}.jpegs"
    if jpegs.is_dir():
        files = sorted(jpegs.glob("*.jpg"))
        offsets_s = tuple(int(file.stem) / 1000 for file in files)
        size_bytes = sum(file.stat().st_size for file in files)
        return WindowClip(path=jpegs, mp4=False, time_map=ClipMap(offsets_s=offsets_s), size_bytes=size_bytes)
    path = folder / f"{name}.mp4"
    try:
        kept = json.loads((folder / f"{name}.map.json").read_bytes())
        # Clips of an earlier version, and those of a period, have their times only.
        times, heard = (kept, ()) if isinstance(kept, list) else (kept["offsets_s"], kept["sound"])
        offsets_s = tuple(float(offset) for offset in times)
        sound = tuple((float(start_s), float(end_s)) for start_s, end_s in heard)
        size_bytes = path.stat().st_size
    except FileNotFoundError, ValueError, KeyError, TypeError:
        return None
    return WindowClip(path=path, mp4=True, time_map=ClipMap(offsets_s=offsets_s), size_bytes=size_bytes, sound=sound)


def without_sound(folder: Path, name: str) -> WindowClip | None:
    """The clip of window `name` with its sound taken out for good: it is allowed no more. Raises OSError."""
    clip = load_clip(folder, name)
    if clip is None or not clip.sound:
        return clip
    beside = folder / f"{name}.mp4.new"
    copy_retimed((clip.path,), beside)
    _set_age_of(beside, clip.path.stat().st_mtime)
    beside.replace(clip.path)
    write_atomically(folder / f"{name}.map.json", json.dumps(clip.time_map.offsets_s).encode())
    return load_clip(folder, name)


def unfinished(folder: Path) -> tuple[str, ...]:
    """Names of windows that were being written when the program ended, oldest first."""
    names = {path.name.partition(".")[0] for path in folder.glob("*.part*")} if folder.is_dir() else set()
    return tuple(sorted(names))


def discard(folder: Path, name: str) -> None:
    """Remove all that is kept of window `name`; fine when there is nothing."""
    for part in mp4_parts(folder, name):
        part.unlink(missing_ok=True)
    for ending in (".mp4.new", ".mp4", ".map.json", ".map.json.new", ".sound"):
        (folder / (name + ending)).unlink(missing_ok=True)
    for ending in (_PART_JPEGS, ".jpegs"):
        shutil.rmtree(folder / (name + ending), ignore_errors=True)


def mp4_parts(folder: Path, name: str) -> list[Path]:
    """The parts of window `name` in the order in which they were begun."""
    return sorted(folder.glob(f"{name}.part*.mp4"), key=_number_of)


def _set_age_of(path: Path, written_at_s: float) -> None:
    os.utime(path, (written_at_s, written_at_s))


def _number_of(part: Path) -> int:
    return int(part.name.removesuffix(".mp4").rpartition(".part")[2])


def _finish_jpegs(part: Path, target: Path) -> WindowClip | None:
    if not any(part.iterdir()):
        part.rmdir()
        return None
    part.rename(target)
    return load_clip(target.parent, target.name.removesuffix(".jpegs"))


def offsets_of(path: Path) -> tuple[float, ...]:
    """The true time of every whole packet; a file cut anywhere gives those before the cut."""
    try:
        with av.open(path, "r", format="mp4") as container:
            first_s = int(container.metadata.get("comment", 0)) / 1000
            times = [float(packet.pts * packet.time_base) for packet in _whole(container) if packet.pts is not None]
    except FFmpegError, IndexError, ValueError:
        # Cut inside its header: nothing was in it yet.
        return ()
    return tuple(round(first_s + at_s, 3) for at_s in times)


def _whole(container: InputContainer) -> Iterator[Packet[VideoStream]]:
    try:
        for packet in container.demux(video=0):
            if packet.is_corrupt:
                return  # cut in the middle; all that follows rests on it
            if packet.size and packet.pts is not None:
                yield packet
    except FFmpegError:
        return  # the file ends in the middle of a packet


def copy_retimed(
    parts: tuple[Path, ...], target: Path, *, limit: int | None = None, sound: Sequence[SoundPacket] = ()
) -> int:
    """Copy the packets of `parts` (at most `limit`) to one plain MP4 in which they are one second apart; how many.

    `sound`: placed packets, laid into a second track; without any there is none.
    """
    number = 0
    heard = deque(sound)
    with target.open("wb") as file:
        target.chmod(0o600)
        with av.open(file, "w", format="mp4", options={"movflags": "faststart"}) as sink:
            stream: VideoStream | None = None
            track: AudioStream | None = None
            for part in parts:
                with av.open(part, "r", format="mp4") as source:
                    # The same encoder with the same settings made all parts: one header fits them all.
                    if stream is None:
                        stream = sink.add_stream_from_template(source.streams.video[0])
                        track = _sound_track(sink) if heard else None
                    for packet in _whole(source):
                        if limit is not None and number >= limit:
                            break  # the part that is being written has grown meanwhile
                        packet.stream = stream
                        packet.time_base = Fraction(1, CLIP_FPS)
                        packet.pts = packet.dts = number
                        packet.duration = 1
                        sink.mux(packet)
                        number += 1
                        while track is not None and heard and heard[0].at_s < number:
                            sink.mux(_sound_packet(heard.popleft(), track))
        file.flush()
        os.fsync(file.fileno())
    return number


def _sound_track(sink: OutputContainer) -> AudioStream:
    return sink.add_stream_from_template(aac_template(RATE_HZ, "mono"))


def _sound_packet(sound: SoundPacket, track: AudioStream) -> Packet[AudioStream]:
    packet = cast("Packet[AudioStream]", Packet(sound.data))
    packet.stream = track
    packet.time_base = Fraction(1, RATE_HZ)
    packet.pts = packet.dts = round(sound.at_s * RATE_HZ)
    packet.duration = 1024
    return packet


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path`: the old content or the whole new one, whatever happens."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        beside.chmod(0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
