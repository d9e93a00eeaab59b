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
_CLOCK_SET_S = 60.0
"""What wall and running clock differ by more than this between two looks was a clock that was set."""


class ClipShelf:
    """Says whether there is room, and drops the oldest clips."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._full = False
        self._looked: tuple[float, float] | None = None
        """Wall clock and running clock at the last look."""

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
        now_at_s = time.time() if now_at_s is None else now_at_s
        self._follow_clock(in_work, now_at_s, _running_s() if now_s is None else now_s)
        total = dropped = 0
        for path, size_bytes, written_at_s in self._newest_first():
            busy = _name_of(path) in in_work
            half_written = path.name.endswith(PART_SUFFIX) and not busy
            total += 0 if half_written else size_bytes
            too_old = now_at_s - written_at_s > settings.keep_days * _DAY_S
            if half_written or (not busy and (too_old or total > settings.keep_bytes)):
                dropped += _drop(path)
        return dropped

    def _follow_clock(self, in_work: Collection[str], now_at_s: float, now_s: float) -> None:
        """Move the times of clips along with a clock that was set, and into the past where they lie ahead."""
        last, self._looked = self._looked, (now_at_s, now_s)
        passed_s = 0.0 if last is None else now_s - last[1]
        set_by_s = 0.0 if last is None else now_at_s - last[0] - passed_s
        if abs(set_by_s) < _CLOCK_SET_S:
            set_by_s = 0.0
        kept = [item for item in self._newest_first() if _name_of(item[0]) not in in_work]
        for place, (path, _, written_at_s) in enumerate(kept):
            # What was written since the last look has the new time already.
            is_new = now_at_s - passed_s <= written_at_s <= now_at_s
            at_s = written_at_s + (0.0 if is_new else set_by_s)
            if at_s > now_at_s:
                # Of a clock that was wrong before we looked: from now on these age, in their order, instead of never.
                at_s = now_at_s - place / 1000
            if at_s != written_at_s:
                _set_time(path, at_s)

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


def _name_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _running_s() -> float:
    """Seconds of a clock that nobody sets; where the system has one, of one that does not stop in its sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _set_time(path: Path, at_s: float) -> None:
    try:
        os.utime(path, (at_s, at_s))
    except OSError as error:
        _LOGGER.debug("The time of a clip could not be set: %s", type(error).__name__)


def _drop(path: Path) -> bool:
    try:
        path.unlink()
    except OSError as error:
        _LOGGER.debug("An old clip could not be removed: %s", type(error).__name__)
        return False
    return True
