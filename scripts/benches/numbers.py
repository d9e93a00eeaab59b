"""Frame numbers out of what arrived at the far end, and how late each frame was."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
import io
from itertools import pairwise
import pickle
from typing import Any

import av
from engine.source.frame_code import read_frame_code
import numpy as np

from .media import FRAMES

_TS = 188


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One frame at the far end; `number` is that of the clip, 0-1199."""

    number: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lags:
    """Lateness against the earliest frame of the run, and what did not come."""

    p50_ms: float
    p99_ms: float
    max_ms: float
    line_ms: float
    """How long after its sending the earliest frame came: both clocks are this machine's."""
    frames: int
    lost: int
    unreadable: int = 0


def decoded_numbers(data: bytes) -> list[tuple[int | None, int | None]]:
    """(pts, frame number) of every frame, decoded."""
    found: list[tuple[int | None, int | None]] = []
    with av.open(io.BytesIO(data)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            y = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            found.append((frame.pts, read_frame_code(y)))
    return found


def ts_arrivals(data: bytes, marks: list[tuple[int, float]]) -> tuple[list[Arrival], int]:
    """When the last byte of each video frame of an MPEG-TS came, and how many frames had no readable number.

    `marks`: (bytes received so far, time). The bytes are cut at PES starts, so nothing waits for the next frame as
    in a demuxer.
    """
    ends: list[tuple[int, int]] = []
    pid_of_video: int | None = None
    last_end = 0
    for at in range(0, len(data) - _TS + 1, _TS):
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        start = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
        if data[at + 1] & 0x40 and data[start : start + 3] == b"\0\0\1" and data[start + 3] & 0xF0 == 0xE0:
            pid_of_video = pid
            if ends:
                ends[-1] = (ends[-1][0], last_end)
            ends.append((_pts(data[start + 9 : start + 14]), at + _TS))
        if pid == pid_of_video:
            last_end = at + _TS
    offsets = [mark[0] for mark in marks]
    numbers = {pts: number for pts, number in decoded_numbers(data) if pts is not None}
    arrivals, unreadable = [], 0
    for pts, end in ends[:-1]:
        number = numbers.get(pts)
        if number is None:
            unreadable += 1
        else:
            arrivals.append(Arrival(number=number, at_s=marks[bisect_right(offsets, end - 1)][1]))
    return arrivals, unreadable


def _pts(field: bytes) -> int:
    return (field[0] >> 1 & 7) << 30 | field[1] << 22 | (field[2] >> 1) << 15 | field[3] << 7 | field[4] >> 1


class SendLog:
    """When the camera sent which frame."""

    def __init__(self, sent: list[tuple[int, float]]) -> None:
        self._by_number: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for counted, at_s in sent:
            self._by_number[counted % FRAMES].append((at_s, counted))

    def sent_within(self, since_s: float, until_s: float) -> set[int]:
        """The frames sent in that time, counted over all loops."""
        return {
            counted for sendings in self._by_number.values() for at_s, counted in sendings if since_s <= at_s < until_s
        }

    def find(self, arrival: Arrival) -> tuple[float, int] | None:
        """(time sent, frame counted over all loops) of the newest sending before the arrival."""
        sendings = self._by_number.get(arrival.number, [])
        at = bisect_right(sendings, (arrival.at_s, 1 << 60))
        return sendings[at - 1] if at else None


def lags(arrivals: list[Arrival], log: SendLog, span_s: tuple[float, float], unreadable: int = 0) -> Lags:
    """Of the frames that the camera sent within `span_s`; what of them did not arrive at all is lost."""
    since_s, until_s = span_s
    came: dict[int, float] = {}
    for arrival in arrivals:
        found = log.find(arrival)
        if found and since_s <= found[0] < until_s:
            came.setdefault(found[1], arrival.at_s - found[0])
    if not came:
        raise RuntimeError("no frame of the measured time arrived")
    line = min(came.values())
    ordered = sorted(1000 * (delay - line) for delay in came.values())
    return Lags(
        p50_ms=ordered[len(ordered) // 2],
        p99_ms=ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        max_ms=ordered[-1],
        line_ms=1000 * line,
        frames=len(came),
        lost=len(log.sent_within(since_s, until_s) - came.keys()),
        unreadable=unreadable,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsResult:
    """What Home Assistant's HLS output held."""

    frames: int
    lost: int
    unreadable: int
    first_ms: float | None
    """Median delay of a part's first frame, camera to part."""
    last_ms: float | None


def hls_result(file: str, log: SendLog, since_s: float) -> HlsResult:
    """Decode all segments that were dumped; delays of the parts that were sent after `since_s`."""
    from pathlib import Path

    parts, media, inits = pickle.loads(Path(file).read_bytes())
    numbers: list[int | None] = []
    first: list[float] = []
    last: list[float] = []
    times = {(sequence, index): at_s for sequence, index, at_s in parts}
    for sequence in sorted(media):
        if not media[sequence]:
            continue
        decoded = decoded_numbers(inits[sequence] + b"".join(media[sequence]))
        numbers += [number for _, number in decoded]
        by_pts = dict(decoded)
        for index, data in enumerate(media[sequence]):
            at_s = times[sequence, index]
            sent = [_sent(by_pts.get(pts), at_s, log) for pts in _pts_of(inits[sequence] + data)]
            known = [value for value in sent if value is not None]
            if known and known[0] >= since_s:
                first.append(1000 * (at_s - known[0]))
                last.append(1000 * (at_s - known[-1]))
    readable = [number for number in numbers if number is not None]
    lost = sum((after - before - 1) % FRAMES for before, after in pairwise(readable))
    return HlsResult(
        frames=len(numbers),
        lost=lost,
        unreadable=len(numbers) - len(readable),
        first_ms=_median(first),
        last_ms=_median(last),
    )


def _median(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def _sent(number: int | None, at_s: float, log: SendLog) -> float | None:
    found = None if number is None else log.find(Arrival(number=number, at_s=at_s))
    return found[0] if found else None


def _pts_of(data: bytes) -> list[Any]:
    with av.open(io.BytesIO(data)) as container:
        return sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
