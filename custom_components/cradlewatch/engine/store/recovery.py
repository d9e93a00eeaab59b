"""After a start: every window that the end of the program cut gets its one end, and none is lost or made twice.

In the store's worker thread, before the recorder of the crib begins.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
import re

from ..windows.bounds import WINDOW_S, Window, WindowClock, windows_between
from ..windows.clip import finish_clip, unfinished
from ..windows.coverage import coverage_of
from ..windows.recorder import ClosedWindow
from ..windows.states import WindowState
from .store import Store
from .windows import close_window, lived_since, release_sending, skip_overload, skip_window, windows

NOT_RUNNING = "not_running"
KEEP_WAITING = 6
"""An hour of windows is understood later; older ones are not worth their tokens any more."""
_BACK = timedelta(days=1)
_NAME = re.compile(r"(\d{8}T\d{6}Z)(?:-r(\d+))?")


def recover(
    store: Store, folder: Path, crib_id: str, now_at: datetime, tz: tzinfo, length_s: int = WINDOW_S
) -> WindowClock:
    """Settle what an earlier run left, and return the clock for this one. The window that runs now is gone on with.

    Raises:
        StoreError, OSError: the store or the folder cannot be written.
    """
    release_sending(store, crib_id)
    left = {found.window for found in windows(store, crib_id=crib_id, state=WindowState.RECORDING, limit=1000)}
    left |= {window for name in unfinished(folder) if (window := _window_of(name, length_s)) is not None}
    for window in sorted(left, key=lambda item: (item.start_at, item.repeat)):
        if not window.start_at <= now_at < window.end_at:
            close_window(store, crib_id, _cut_short(folder, window))
    known = windows(store, crib_id=crib_id, limit=1)
    if known:
        gap_start_at = max(known[0].window.end_at, now_at - _BACK)
        limit = _BACK // timedelta(seconds=max(length_s, WINDOW_S))
        for window in windows_between(gap_start_at, now_at, tz, limit=limit, length_s=length_s):
            skip_window(store, crib_id, window, NOT_RUNNING)
    skip_overload(store, crib_id, keep=KEEP_WAITING)
    return WindowClock(tz, lived=lived_since(store, crib_id, now_at - _BACK), length_s=length_s)


def _cut_short(folder: Path, window: Window) -> ClosedWindow:
    clip = finish_clip(folder, window.name)
    offsets_s = clip.time_map.offsets_s if clip else ()
    return ClosedWindow(
        window=window,
        cut=True,
        coverage=coverage_of(offsets_s, window.length_s),
        frames=len(offsets_s),
        clip=clip,
        skipped=None if clip else NOT_RUNNING,
    )


def _window_of(name: str, length_s: int) -> Window | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    start_at = datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Window(start_at=start_at, end_at=start_at + timedelta(seconds=length_s), repeat=int(found[2] or 0))
