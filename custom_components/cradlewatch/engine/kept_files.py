"""Files that are kept for some days: their ages, whatever the wall clock was set to meanwhile.

Blocking: not for the event loop. Clips of incidents, pictures of incidents and clips of windows are all kept by this.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
import logging
import os
from pathlib import Path
import threading
import time

_LOGGER = logging.getLogger(__name__)
DAY_S = 86_400.0
_RUN_S = 3600.0
"""No file is written for so long."""
_CLOCK_SET_S = 60.0
"""What wall and running clock differ by more than this between two looks was a clock that was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """One moment by two clocks."""

    wall_s: float
    """Seconds since the epoch, by the clock that people and servers set."""
    running_s: float
    """Seconds of a clock that nobody sets."""

    @classmethod
    def now(cls) -> Clocks:
        """This moment; where the system has one, by a running clock that does not stop in its sleep."""
        has_boot = hasattr(time, "CLOCK_BOOTTIME")
        running_s = time.clock_gettime(time.CLOCK_BOOTTIME) if has_boot else time.monotonic()
        return cls(wall_s=time.time(), running_s=running_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file (or a folder that counts as one) of a `KeptFiles`."""

    path: Path
    size_bytes: int
    age_s: float
    of_earlier_run: bool
    """Last written before this run began, or so long ago that nobody of it writes it any more."""

    @property
    def name(self) -> str:
        """What the file is of: all before the first dot."""
        return name_of(self.path)


class KeptFiles:
    """The files of one folder with one of some endings. Any thread."""

    def __init__(self, folder: Path, endings: tuple[str, ...], since: Clocks | None = None) -> None:
        """`since`: this run's beginning; from then on a clock that is set is noticed. Without it: the first look."""
        self._folder = folder
        self._endings = endings
        self._began = self._looked = since
        self._lock = threading.Lock()

    def newest_first(self, in_work: Collection[str] = (), now: Clocks | None = None) -> list[KeptFile]:
        """All files with their true ages. The times of files named in `in_work` are left alone.

        A file is as old as it is: where the wall clock was set since the last look, the times on disk move along with
        it, and those that lie ahead come back to now, so that they age, in their order.
        """
        now = now or Clocks.now()
        with self._lock:
            self._began = self._began or now
            run_s = min(now.running_s - self._began.running_s, _RUN_S)
            last, self._looked = self._looked or now, now
            passed_s = now.running_s - last.running_s
            set_by_s = now.wall_s - last.wall_s - passed_s
            if abs(set_by_s) < _CLOCK_SET_S:
                set_by_s = 0.0
            kept: list[KeptFile] = []
            ahead = 0
            for path, size_bytes, written_at_s in self._found():
                at_s = written_at_s
                if name_of(path) not in in_work:
                    # What was written since the last look has the new time already.
                    is_new = now.wall_s - passed_s <= written_at_s <= now.wall_s
                    at_s += 0.0 if is_new else set_by_s
                    if at_s > now.wall_s:
                        at_s = now.wall_s - ahead / 1000
                        ahead += 1
                    if at_s != written_at_s:
                        _set_time(path, at_s)
                age_s = now.wall_s - at_s
                earlier = age_s >= run_s
                kept.append(KeptFile(path=path, size_bytes=size_bytes, age_s=age_s, of_earlier_run=earlier))
        return sorted(kept, key=lambda file: file.age_s)

    def _found(self) -> list[tuple[Path, int, float]]:
        found: list[tuple[Path, int, float]] = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith(self._endings):
                        status = entry.stat(follow_symlinks=False)
                        found.append((self._folder / entry.name, status.st_size, status.st_mtime))
        except FileNotFoundError:
            return []
        # Two of one moment are told apart by name, so that the order is always the same.
        return sorted(found, key=lambda item: (item[2], item[0].name), reverse=True)


def beyond(
    newest_first: Iterable[KeptFile], *, keep_s: float, keep_bytes: int, keep_most: int | None = None
) -> Iterator[KeptFile]:
    """Those that are older than `keep_s`, or that no longer fit: the oldest beyond the bytes and the number."""
    total_bytes = 0
    for position, file in enumerate(newest_first):
        total_bytes += file.size_bytes
        if file.age_s > keep_s or total_bytes > keep_bytes or (keep_most is not None and position >= keep_most):
            yield file


def name_of(path: Path) -> str:
    """What a file is of: all before the first dot of its name."""
    return path.name.partition(".")[0]


def drop(path: Path) -> bool:
    """Remove a file; False (and a line for the log) where that cannot be done."""
    try:
        path.unlink()
    except OSError as error:
        _LOGGER.debug("An old file could not be removed: %s", type(error).__name__)
        return False
    return True


def _set_time(path: Path, at_s: float) -> None:
    try:
        os.utime(path, (at_s, at_s))
    except OSError as error:
        _LOGGER.debug("The time of a file could not be set: %s", type(error).__name__)
