"""Sound of a window: only around a sound that matters, kept as AAC with its true times, laid under the clip's frames.

A clip shows a frame a second however far apart they were; so each stretch of sound is placed where the frames of its
time are shown. Where pictures came twice a second (an incident) the sound is in pieces, each at its own picture.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
import struct

from av.audio.frame import AudioFrame
import numpy as np

from ..models import AudioBlock
from ..source.audio import AacEncoder

RATE_HZ = 16_000
PACKET_S = 1024 / RATE_HZ
MARGIN_S = 5.0
"""Kept before and after a sound."""
SOUND_MAX_S = 180.0
"""For one window: half a megabyte, 5,760 tokens."""
_BIT_RATE_BPS = 24_000
_BLOCKS_MAX = 4000
_SLIP_S = 0.25
_RECORD = struct.Struct("<Iq")


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """One AAC packet of 1,024 samples (64 ms). `at_s`: seconds of the window, or of the clip once it is placed."""

    at_s: float
    data: bytes


class SoundRing:
    """Holds some seconds; gives out those around a wanted sound. `put` in the loop's thread, all else elsewhere."""

    def __init__(self) -> None:
        self._blocks: deque[AudioBlock] = deque(maxlen=_BLOCKS_MAX)
        self._wanted = False
        self._until_s = float("-inf")

    def put(self, block: AudioBlock) -> None:
        """Never waits."""
        self._blocks.append(block)

    def want(self, on: bool, now_s: float) -> None:
        """A sound that matters began, or is over."""
        if self._wanted and not on:
            self._until_s = now_s + MARGIN_S
        self._wanted = on

    def take(self, now_s: float) -> list[AudioBlock]:
        """Blocks to be kept, in order; what is older than the margin and was not wanted is forgotten."""
        taken: list[AudioBlock] = []
        while self._blocks:
            block = self._blocks[0]
            if self._wanted or block.at_s <= self._until_s:
                taken.append(self._blocks.popleft())
            elif block.at_s < now_s - MARGIN_S:
                self._blocks.popleft()
            else:
                break
        return taken

    def clear(self) -> None:
        """Privacy: nothing stays."""
        self._blocks.clear()
        self._wanted, self._until_s = False, float("-inf")


class SoundWriter:
    """Appends AAC packets with their true times to a file that may be cut anywhere. Recorder's thread."""

    def __init__(self, path: Path) -> None:
        """Begin, or go on after a restart. Raises OSError, FFmpegError."""
        self._encoder = AacEncoder(RATE_HZ, 1, bit_rate_bps=_BIT_RATE_BPS)
        self._file = path.open("ab", buffering=0)
        path.chmod(0o600)
        self._left = round(SOUND_MAX_S / PACKET_S) - sum(1 for _ in read_sound(path))

    def write(self, block: AudioBlock, end_s: float) -> None:
        """Keep one block (mono, 16 kHz) that ended at `end_s` seconds of the window. Raises OSError, FFmpegError."""
        if self._left <= 0 or block.rate_hz != RATE_HZ or not block.samples.size:
            return
        samples = np.ascontiguousarray(np.nan_to_num(block.samples).astype(np.float32)[None, :])
        frame = AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        start_s = max(0.0, end_s - block.samples.size / RATE_HZ)
        for _, packet in self._encoder.encode(frame, start_s):
            if packet.pts is not None and self._left > 0:
                data = bytes(packet)
                self._file.write(_RECORD.pack(len(data), packet.pts) + data)
                self._left -= 1

    def close(self) -> None:
        """Release file and encoder."""
        self._file.close()
        self._encoder.close()


def sound_path(folder: Path, name: str) -> Path:
    """Where the sound of window `name` lies while it runs."""
    return folder / f"{name}.sound"


def read_sound(path: Path) -> Iterator[SoundPacket]:
    """Every whole packet, in the order in which they were written; none where there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    place = 0
    while place + _RECORD.size <= len(content):
        size, pts = _RECORD.unpack_from(content, place)
        data = content[place + _RECORD.size : place + _RECORD.size + size]
        if len(data) < size:
            return  # cut in the middle
        yield SoundPacket(at_s=pts / RATE_HZ, data=data)
        place += _RECORD.size + size


def placed(packets: Sequence[SoundPacket], offsets_s: Sequence[float]) -> list[SoundPacket]:
    """The packets at their seconds of the clip, whose frame n shows `offsets_s[n]` at n seconds.

    What has no frame of its time is left out, and nothing lies over another.
    """
    found: list[SoundPacket] = []
    end_s, shift_s, before_s = float("-inf"), 0.0, float("-inf")
    for packet in sorted(packets, key=lambda item: item.at_s):
        number = bisect_right(offsets_s, packet.at_s) - 1
        if number < 0 or packet.at_s - offsets_s[number] >= 1.0 + _SLIP_S:
            continue
        ideal_s = number + min(1.0, packet.at_s - offsets_s[number])
        follows = packet.at_s - before_s < 1.5 * PACKET_S
        clip_s = packet.at_s + shift_s
        if not follows or abs(clip_s - ideal_s) > _SLIP_S:
            # A new stretch, or the pictures' pace changed: where its own picture is.
            clip_s = ideal_s
        if clip_s < end_s - 1e-6:
            continue
        shift_s, before_s, end_s = clip_s - packet.at_s, packet.at_s, clip_s + PACKET_S
        found.append(SoundPacket(at_s=clip_s, data=packet.data))
    return found


def stretches(packets: Sequence[SoundPacket]) -> tuple[tuple[float, float], ...]:
    """(start, end) of sound without a pause of a second, in the packets' own seconds."""
    found: list[list[float]] = []
    for packet in packets:
        if found and packet.at_s - found[-1][1] < 1.0:
            found[-1][1] = packet.at_s + PACKET_S
        else:
            found.append([packet.at_s, packet.at_s + PACKET_S])
    return tuple((round(start_s, 3), round(end_s, 3)) for start_s, end_s in found)
