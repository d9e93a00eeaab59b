"""A clip of several windows, for a report between times; also of the one that is being written. Nothing is encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path

import av

from .bounds import Window
from .clip import MAX_BYTES, WindowClip, copy_retimed, discard, load_clip, mp4_parts, offsets_of, write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodClip:
    """A clip whose offsets count from the start of `windows[0]`, and the windows that it holds."""

    clip: WindowClip
    windows: tuple[Window, ...]
    left_out: int
    """Windows of the period that are not in it: nothing on disk, another picture size, or too many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    window: Window
    paths: tuple[Path, ...]
    offsets_s: tuple[float, ...]
    size_bytes: int
    size_wh: tuple[int, int]


def clip_of_period(folder: Path, windows: Sequence[Window], name: str) -> PeriodClip | None:
    """Join the clips of `windows` (oldest first) as clip `name` in `folder`; None where nothing of them is on disk.

    Where they do not all fit into one request the newest are taken. The caller discards the clip after use.

    Raises:
        OSError, FFmpegError: no space, no permission.
    """
    pieces = [piece for window in windows if (piece := _piece(folder, window)) is not None]
    taken: list[_Piece] = []
    total_bytes = 0
    for piece in reversed(pieces):
        if piece.size_wh != pieces[-1].size_wh or total_bytes + piece.size_bytes > MAX_BYTES:
            break
        taken.insert(0, piece)
        total_bytes += piece.size_bytes
    if not taken:
        return None
    discard(folder, name)
    first_at = taken[0].window.start_at
    offsets_s = [
        round((piece.window.start_at - first_at).total_seconds() + offset_s, 3)
        for piece in taken
        for offset_s in piece.offsets_s
    ]
    beside = folder / f"{name}.mp4.new"
    counts = [len(piece.offsets_s) for piece in taken]
    copied = copy_retimed(tuple(path for piece in taken for path in piece.paths), beside, limit=sum(counts))
    write_atomically(folder / f"{name}.map.json", json.dumps(offsets_s[:copied]).encode())
    beside.replace(folder / f"{name}.mp4")
    clip = load_clip(folder, name)
    held = tuple(piece.window for piece in taken)
    return None if clip is None else PeriodClip(clip=clip, windows=held, left_out=len(windows) - len(held))


def _piece(folder: Path, window: Window) -> _Piece | None:
    finished = load_clip(folder, window.name)
    paths: tuple[Path, ...]
    if finished is not None and finished.mp4:
        paths, offsets_s = (finished.path,), finished.time_map.offsets_s
    else:
        times = {part: offsets_of(part) for part in mp4_parts(folder, window.name)}
        paths = tuple(part for part, found in times.items() if found)
        offsets_s = tuple(offset_s for found in times.values() for offset_s in found)
    if not paths or not offsets_s:
        return None
    with av.open(paths[0], "r", format="mp4") as container:
        size_wh = (container.streams.video[0].width, container.streams.video[0].height)
    size_bytes = sum(path.stat().st_size for path in paths)
    return _Piece(window=window, paths=paths, offsets_s=offsets_s, size_bytes=size_bytes, size_wh=size_wh)
