"""The folder in which the clips of one crib are kept: within its days and bytes, and never on a disk that is full.

Blocking: not for the event loop. One thread at a time.
"""

from collections.abc import Collection
import os
from pathlib import Path

from .kept_files import DAY_S, Clocks, KeptFiles, beyond, drop
from .settings import ClipSettings

SUFFIX = ".mp4"
PART_SUFFIX = ".mp4.part"


class ClipShelf:
    """Says whether there is room, and drops the oldest clips."""

    def __init__(self, folder: Path, since: Clocks | None = None) -> None:
        """`since`: the beginning of this run; without it that is the first look."""
        self._folder = folder
        self._files = KeptFiles(folder, (SUFFIX, PART_SUFFIX), since)
        self._full = False

    def path_of(self, name: str) -> Path:
        """Where the clip of that name lies."""
        return self._folder / f"{name}{SUFFIX}"

    def has_room(self, settings: ClipSettings) -> bool:
        """True where a clip may be begun: makes the folder. Once full, twice the reserve must be free again.

        Raises:
            OSError: the folder cannot be made or looked at.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = os.statvfs(self._folder)
        free_bytes = found.f_bavail * found.f_frsize
        self._full = free_bytes < settings.reserve_bytes * (2 if self._full else 1)
        return not self._full

    def found_full(self) -> None:
        """A write failed for want of room, whatever the figures said."""
        self._full = True

    def prune(
        self,
        settings: ClipSettings,
        in_work: Collection[str],
        now_at_s: float | None = None,
        now_s: float | None = None,
    ) -> int:
        """Drop the oldest clips beyond the days and the bytes, and what a crash left half-written; returns how many.

        Names in `in_work` are never touched; their bytes count. `now_at_s` in seconds since the epoch, `now_s` of a
        clock that nobody sets: a clip is as old as it is, whatever the wall clock was set to meanwhile.
        """
        now = Clocks.now()
        now = Clocks(
            wall_s=now.wall_s if now_at_s is None else now_at_s, running_s=now.running_s if now_s is None else now_s
        )
        found = self._files.newest_first(in_work, now)
        parts = [file for file in found if file.path.name.endswith(PART_SUFFIX) and file.name not in in_work]
        # A clip begun since `in_work` was asked for is not in it: of this run, it is left alone.
        left = [file for file in parts if file.of_earlier_run]
        whole = [file for file in found if file not in parts]
        old = beyond(whole, keep_s=settings.keep_days * DAY_S, keep_bytes=settings.keep_bytes)
        return sum(drop(file.path) for file in (*left, *old) if file.name not in in_work)
