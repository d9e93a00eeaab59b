"""What every source hands to the frame loop."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import threading
from typing import Any, Protocol

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..models import Picture, StreamInfo


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MediaItem:
    """One packet of the stream as viewers get it, with what the source knows about it already.

    `stream` is the packet's own (or our encoder's) stream. `frame` is set only where the source holds the raw
    picture or sound anyway (drawn or encoded by us), so that it need not be decoded again.
    """

    stream: VideoStream | AudioStream
    packet: Packet[Any]
    is_key: bool
    arrived_s: float
    """Monotonic seconds at which the packet was read."""
    frame: VideoFrame | AudioFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a source turned out to be, with its first picture."""

    info: StreamInfo
    picture: Picture


class Source(Protocol):
    """An open source. Belongs to the thread that opened it, apart from the AbortToken given at open."""

    @property
    def info(self) -> StreamInfo: ...

    @property
    def video_stream(self) -> VideoStream:
        """Template for the muxer: codec parameters and time base of the packets in `items`."""
        ...

    @property
    def audio_stream(self) -> AudioStream | None:
        """The same for sound (AAC always), None where the source has none."""
        ...

    def items(self) -> Iterator[MediaItem]:
        """Packets in arrival order, video and audio. Blocks for the next one.

        Raises SourceError (timeout, reset, lost), SourceEndedError at the end. `SourceChangedError` when codec,
        size or parameter sets change in mid-stream: where it `goes_on`, `info` and the streams are those of what
        comes now and `items` may be called again; else the caller opens anew.
        """
        ...

    def close(self) -> None:
        """Release all of it; safe to call twice."""
        ...


class AbortToken:
    """Lets another thread end a blocked open or read. Thread-safe; once aborted it stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._aborted = threading.Event()
        self._hooks: list[Callable[[], None]] = []

    @property
    def aborted(self) -> bool:
        """True after `abort`."""
        return self._aborted.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep up to `timeout_s`, shorter when aborted; True if aborted."""
        return self._aborted.wait(timeout_s)

    def add_hook(self, hook: Callable[[], None]) -> None:
        """Call `hook` (from the aborting thread, must not raise) on abort; at once if it has happened."""
        with self._lock:
            if not self._aborted.is_set():
                self._hooks.append(hook)
                return
        hook()

    def remove_hook(self, hook: Callable[[], None]) -> None:
        """Forget `hook`; unknown ones are fine."""
        with self._lock:
            if hook in self._hooks:
                self._hooks.remove(hook)

    def abort(self) -> None:
        """End what is blocked. Idempotent."""
        with self._lock:
            if self._aborted.is_set():
                return
            self._aborted.set()
            hooks, self._hooks = self._hooks, []
        for hook in hooks:
            hook()
