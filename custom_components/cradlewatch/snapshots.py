"""Pictures and clips of incidents on disk: outside of backups, readable for Home Assistant only, bounded."""

import os
from pathlib import Path
import re
import shutil

from .engine.kept_files import DAY_S, Clocks, KeptFiles, beyond, drop

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_KEPT_MAX = 400
_KEPT_BYTES = 200 * 1024 * 1024
_KEPT_DAYS = 14
_SUFFIX = ".jpg"
_NEW = ".new"

SNAPSHOT_URL = "/api/cradlewatch/snapshot/{event_id}"
CLIP_URL = "/api/cradlewatch/clip/{event_id}"
SNAPSHOTS = "snapshots"
CLIPS = "clips"
FRAMES = "frames"
WINDOWS = "windows"


def is_event_id(text: str) -> bool:
    """True for what can be an event id: nothing with a dot or a slash."""
    return _ID.fullmatch(text) is not None


def find_footage(root: Path, kind: str, event_id: str, suffix: str) -> Path | None:
    """The file of an incident in any crib's folder, None where there is none. Blocking."""
    folder = root / kind
    if not is_event_id(event_id) or not folder.is_dir():
        return None
    for crib in folder.iterdir():
        path = crib / f"{event_id}{suffix}"
        if path.is_file():
            return path
    return None


def erase_crib(root: Path, crib_id: str) -> None:
    """Remove all footage of a crib. Blocking."""
    for kind in (SNAPSHOTS, CLIPS, WINDOWS):
        shutil.rmtree(root / kind / crib_id, ignore_errors=True)


def save_picture(folder: Path, name: str, jpeg: bytes) -> Path:
    """Write a picture, whole or not at all. Blocking. Raises OSError."""
    make_folder(folder)
    path = folder / f"{name}{_SUFFIX}"
    new = folder / f".{name}{_NEW}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(jpeg)
    new.replace(path)
    return path


def make_folder(folder: Path) -> None:
    """Make `folder`, for our eyes only. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


class SnapshotShelf:
    """The pictures of one crib's incidents: the newest within number, bytes and days. Blocking; any thread."""

    def __init__(self, folder: Path, since: Clocks | None = None) -> None:
        """`since`: from then on a clock that is set is noticed; usually now."""
        self.folder = folder
        self._files = KeptFiles(folder, (_SUFFIX, _NEW), since or Clocks.now())

    def save(self, event_id: str, jpeg: bytes) -> Path:
        """Keep a picture, then drop the oldest beyond the limits. Raises OSError."""
        path = save_picture(self.folder, event_id, jpeg)
        self.prune()
        return path

    def prune(self, now: Clocks | None = None) -> int:
        """Drop the oldest beyond the limits of number, bytes and age, and what a crash left; returns how many."""
        found = self._files.newest_first(now=now)
        left = [file for file in found if file.path.name.endswith(_NEW) and file.of_earlier_run]
        whole = [file for file in found if file.path.name.endswith(_SUFFIX)]
        old = beyond(whole, keep_s=_KEPT_DAYS * DAY_S, keep_bytes=_KEPT_BYTES, keep_most=_KEPT_MAX)
        return sum(drop(file.path) for file in (*left, *old))
