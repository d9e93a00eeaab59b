"""Pictures handed in from outside: the way in for cameras that give stills and no stream."""

from collections import deque
from dataclasses import dataclass, field
import threading
import time

PICTURES = "pictures:"
"""The address of pictures that the caller hands in, by `SourceSettings.feed`."""
MAX_PICTURE_BYTES = 8 * 1024 * 1024
_MAX_WAITING = 4


@dataclass(slots=True, eq=False)
class PictureFeed:
    """A short queue of compressed pictures; the newest win. Thread-safe."""

    dropped: int = 0
    """Pictures that were too large, or that nobody took before newer ones came."""
    _wanted: bool = False
    _waiting: deque[tuple[bytes, float]] = field(default_factory=deque, repr=False)
    _change: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def wanted(self) -> bool:
        """True while a source is open over it: only then need the camera be asked."""
        return self._wanted

    def push(self, picture: bytes, at_s: float | None = None) -> None:
        """Hand in a JPEG (or what else Pillow reads) that was received at `at_s`, monotonic."""
        with self._change:
            if not self._wanted or len(picture) > MAX_PICTURE_BYTES:
                self.dropped += 1
                return
            if len(self._waiting) >= _MAX_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((picture, time.monotonic() if at_s is None else at_s))
            self._change.notify_all()

    def open(self) -> None:
        """Want pictures from now on; what came before is forgotten."""
        with self._change:
            self._waiting.clear()
            self._wanted = True

    def close(self) -> None:
        """Want none any more."""
        with self._change:
            self._wanted = False
            self._waiting.clear()
            self._change.notify_all()

    def take(self, timeout_s: float) -> tuple[bytes, float] | None:
        """The next picture and when it was received; None where none came in time or the feed was closed."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or not self._wanted, timeout_s)
            return self._waiting.popleft() if self._waiting else None
