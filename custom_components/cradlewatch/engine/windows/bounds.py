"""Which window a moment belongs to. Aligned to the local clock, named by UTC. Pure.

A window that was left is never gone back to: where the clock is set back, the hour lived through twice gets windows of
its own (`repeat` 1, 2...), as the hour that a change from summer time repeats has its own places in UTC anyway.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

WINDOW_S = 600
_SECOND = timedelta(seconds=1)
_LEFT_MAX = 1000
JUMP_S = 5.0
"""A wall clock that leaves the monotonic one by more than this was set; less is a correction that is followed."""
_REWIND_S = 60.0
# A clock set back by less than this within a window only makes it longer.


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """[start_at, end_at), aware UTC. `repeat` counts how often this time was lived through before."""

    start_at: datetime
    end_at: datetime
    repeat: int = 0

    @property
    def length_s(self) -> float:
        """600, or less around an odd change of the local offset."""
        return (self.end_at - self.start_at).total_seconds()

    @property
    def name(self) -> str:
        """Short and sortable, safe as a file name: 20261124T120000Z, with -r1 for a repeat."""
        stamp = self.start_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{stamp}-r{self.repeat}" if self.repeat else stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A window that is over, and how."""

    window: Window
    cut: bool
    """True where the clock was set before its end: it holds less than its name says."""


def window_at(at: datetime, tz: tzinfo, length_s: int = WINDOW_S) -> Window:
    """The window that `at` (aware) falls into: from one full ten minutes of the local clock in `tz` to the next.

    `length_s` is another length that divides an hour.
    """
    at = at.astimezone(UTC)
    offset_s = _offset_s(at, tz)
    start = _floor(at, offset_s, length_s)
    end = start + timedelta(seconds=length_s)
    # Nearly every change of an offset is a multiple of ten minutes: both sides share one grid and nothing happens.
    # Where it is not, a window ends at the change and the next one runs from there to the new grid.
    if (_offset_s(start, tz) - offset_s) % length_s:
        start = _change_between(start, at, tz)
    if (_offset_s(end - _SECOND, tz) - offset_s) % length_s:
        end = _change_between(at, end, tz)
    return Window(start_at=start, end_at=end)


def window_after(window: Window, tz: tzinfo, length_s: int = WINDOW_S) -> Window:
    """The next window of an unbroken clock."""
    return window_at(window.end_at, tz, length_s)


def windows_between(
    start_at: datetime, end_at: datetime, tz: tzinfo, *, limit: int, length_s: int = WINDOW_S
) -> list[Window]:
    """The whole windows inside [start_at, end_at], oldest first; at most the newest `limit`."""
    start_at = max(start_at.astimezone(UTC), end_at.astimezone(UTC) - (limit + 1) * timedelta(seconds=length_s))
    window = window_at(start_at, tz, length_s)
    if window.start_at < start_at:
        window = window_after(window, tz, length_s)
    found = []
    while window.end_at <= end_at:
        found.append(window)
        window = window_after(window, tz, length_s)
    return found[-limit:] if limit > 0 else []


class WindowClock:
    """Follows the wall clock from window to window. Told the time often; clock-free itself."""

    def __init__(self, tz: tzinfo, *, lived: dict[datetime, int] | None = None, length_s: int = WINDOW_S) -> None:
        """`lived`: start of windows that exist already (a restart), each with its highest `repeat`."""
        self._tz = tz
        self._length_s = length_s
        self._lived = dict(lived or {})
        self._current: Window | None = None
        self._ahead_s: float | None = None

    @property
    def current(self) -> Window | None:
        """The window of the last moment told."""
        return self._current

    def advance(self, now_at: datetime, now_s: float) -> tuple[Left, ...]:
        """Move to `now_at` (aware; `now_s` monotonic at the same moment); the windows that were left, oldest first."""
        ahead_s = now_at.timestamp() - now_s
        set_by_s = 0.0 if self._ahead_s is None else ahead_s - self._ahead_s
        self._ahead_s = ahead_s
        current = self._current
        if current is None:
            self._current = self._enter(now_at)
            return ()
        if now_at < current.end_at and set_by_s > -(JUMP_S if now_at < current.start_at else _REWIND_S):
            # Also milliseconds before a boundary that was passed already: stay.
            return ()
        if abs(set_by_s) > JUMP_S:
            self._current = self._enter(now_at)
            return (Left(window=current, cut=True),)
        return self._run_on(current, now_at)

    def _run_on(self, current: Window, now_at: datetime) -> tuple[Left, ...]:
        left: list[Left] = []
        while now_at >= current.end_at and len(left) < _LEFT_MAX:
            left.append(Left(window=current, cut=False))
            current = self._enter(current.end_at)
        if now_at >= current.end_at:
            current = self._enter(now_at)
        self._current = current
        return tuple(left)

    def _enter(self, now_at: datetime) -> Window:
        window = window_at(now_at, self._tz, self._length_s)
        known = self._lived.get(window.start_at)
        repeat = 0 if known is None else known + 1
        self._lived[window.start_at] = repeat
        while len(self._lived) > 1000:
            del self._lived[next(iter(self._lived))]
        return Window(start_at=window.start_at, end_at=window.end_at, repeat=repeat)


def _offset_s(at: datetime, tz: tzinfo) -> int:
    offset = at.astimezone(tz).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _floor(at: datetime, offset_s: int, length_s: int) -> datetime:
    local_s = int(at.timestamp() // 1) + offset_s
    return datetime.fromtimestamp(local_s - local_s % length_s - offset_s, UTC)


def _change_between(start: datetime, end: datetime, tz: tzinfo) -> datetime:
    """The first whole second in (start, end] that has not the offset of `start`."""
    before_s = _offset_s(start, tz)
    start, end = start.replace(microsecond=0), end.replace(microsecond=0)
    while end - start > _SECOND:
        middle = start + timedelta(seconds=(end - start) // timedelta(seconds=2))
        if _offset_s(middle, tz) == before_s:
            start = middle
        else:
            end = middle
    return end
