"""The folder in which the clips of one crib are kept: within its days and bytes, and never on a disk that is full.

Blocking: not for the event loop. One thread at a time.
"""

from collections.abc import Collection
import logging
import os
from pathlib import Path
import time

from .settings import ClipSettings

_LOGGER = logging.getLogger(__name__)
SUFFIX = ".mp4"
PART_SUFFIX = ".mp4.part"
_DAY_S = 86_400.0


class ClipShelf:
    """Says whether there is room, and drops the oldest clips."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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

    def prune(self, settings: ClipSettings, in_work: Collection[str], now_at_s: float | None = None) -> int:
        """Drop the oldest clips beyond the days and the bytes, and what a crash left half-written; returns how many.

        Names in `in_work` are never touched; their bytes count. `now_at_s` in seconds since the epoch.
        """
        now_at_s = time.time() if now_at_s is None else now_at_s
        total = dropped = 0
        for path, size_bytes, written_at_s in self._newest_first():
            busy = path.name.partition(".")[0] in in_work
            half_written = path.name.endswith(PART_SUFFIX) and not busy
            total += 0 if half_written else size_bytes
            too_old = now_at_s - written_at_s > settings.keep_days * _DAY_S
            if half_written or (not busy and (too_old or total > settings.keep_bytes)):
                dropped += _drop(path)
        return dropped

    def _newest_first(self) -> list[tuple[Path, int, float]]:
        found: list[tuple[Path, int, float]] = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith((SUFFIX, PART_SUFFIX)):
                        status = entry.stat(follow_symlinks=False)
                        found.append((self._folder / entry.name, status.st_size, status.st_mtime))
        except FileNotFoundError:
            return []
        # Two of one moment are told apart by name, so that the order is always the same.
        return sorted(found, key=lambda item: (item[2], item[0].name), reverse=True)


def _drop(path: Path) -> bool:
    try:
        path.unlink()
    except OSError as error:
        _LOGGER.debug("An old clip could not be removed: %s", type(error).__name__)
        return False
    return True
