"""The folder of one crib's window clips: within its days and bytes. Blocking; not for the event loop."""

from dataclasses import replace
from pathlib import Path

from ..kept_files import DAY_S, Clocks, KeptFiles, beyond
from .clip import discard, load_clip, unfinished
from .settings import WindowSettings

_FINISHED = (".mp4", ".jpegs")
_BESIDE = (".map.json", ".new", ".sound")
"""Of a clip, or left by a crash in the middle of making one."""


class WindowShelf:
    """Drops the oldest finished clips; those that are being written, or wait to be finished, stay."""

    def __init__(self, folder: Path, since: Clocks | None = None) -> None:
        """`since`: from then on a clock that is set is noticed; usually now."""
        self.folder = folder
        self._files = KeptFiles(folder, (*_FINISHED, *_BESIDE), since or Clocks.now())

    def prune(self, settings: WindowSettings, now: Clocks | None = None) -> int:
        """Drop what is older than the days, the oldest beyond the bytes, and what a crash left; how many windows went.

        Raises:
            OSError: a clip cannot be looked at.
        """
        in_work = set(unfinished(self.folder))
        found = [file for file in self._files.newest_first(in_work, now) if file.name not in in_work]
        # A clip of JPEG files is a folder, and what a crash left of one has no times: that is no clip.
        whole = [
            replace(file, size_bytes=clip.size_bytes if (clip := load_clip(self.folder, file.name)) else 0)
            for file in found
            if file.path.name.endswith(_FINISHED)
        ]
        old = {file.name for file in beyond(whole, keep_s=settings.keep_days * DAY_S, keep_bytes=settings.keep_bytes)}
        left = {file.name for file in found if file.of_earlier_run} - {file.name for file in whole}
        for name in old | left:
            discard(self.folder, name)
        return len(old)
