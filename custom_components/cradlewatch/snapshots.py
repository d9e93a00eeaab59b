"""Pictures and clips of incidents on disk: outside of backups, readable for Home Assistant only, bounded."""

from collections.abc import Iterable
import os
from pathlib import Path
import re
import shutil
import time

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_KEPT_MAX = 400
_KEPT_BYTES = 200 * 1024 * 1024
_KEPT_S = 14 * 86400.0

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


def save_snapshot(folder: Path, event_id: str, jpeg: bytes) -> Path:
    """Write a picture, then drop the oldest beyond the limits. Blocking. Raises OSError."""
    make_folder(folder)
    path = folder / f"{event_id}.jpg"
    new = folder / f".{event_id}.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(jpeg)
    new.replace(path)
    prune(folder)
    return path


def make_folder(folder: Path) -> None:
    """Make `folder`, for our eyes only. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def prune(folder: Path) -> None:
    """Keep the newest files within the limits of number, bytes and age."""
    files = sorted(((path, path.stat()) for path in folder.iterdir()), key=lambda item: -item[1].st_mtime)
    total = 0
    for position, (path, stat) in enumerate(files):
        total += stat.st_size
        if position >= _KEPT_MAX or total > _KEPT_BYTES or time.time() - stat.st_mtime > _KEPT_S:
            path.unlink(missing_ok=True)


def newest_snapshot(folder: Path, event_ids: Iterable[str]) -> Path | None:
    """The first of `event_ids` that has a picture. Blocking."""
    for event_id in event_ids:
        path = folder / f"{event_id}.jpg"
        if path.is_file():
            return path
    return None
