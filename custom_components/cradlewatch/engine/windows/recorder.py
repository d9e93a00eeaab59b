"""Makes the clip of each window as its frames pass: ready when the window closes, and never in the loop's way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import logging
import os
from pathlib import Path
import queue
import sys
import threading

from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from ..models import AudioBlock, Link, LinkState
from .bounds import Left, Window, WindowClock
from .clip import MAX_BYTES, WindowClip, begin_clip, discard, finish_clip
from .clip_writer import ClipWriter, has_h264
from .coverage import Coverage, coverage_of
from .pace import Pace
from .picture import small_size, upright
from .sound import SoundRing, SoundWriter, sound_path

_LOGGER = logging.getLogger(__name__)
_WAITING_MAX = 8
_WAKE_S = 0.5
_NICE = 10
_STOP_WAIT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWindow:
    """A window that is over: a clip to be understood, or the reason why there is none."""

    window: Window
    cut: bool
    """It holds less than its name says: a restart or a set clock fell into it."""
    coverage: float
    """0 to 1: the share of it in which pictures came."""
    frames: int
    clip: WindowClip | None
    skipped: str | None
    """Why there is nothing to understand: privacy, camera_lost, no_picture, storage. None where there is a clip."""


@dataclass(slots=True)
class RecorderCounts:
    """What was done and left out since the recorder was made."""

    written: int = 0
    dropped_waiting: int = 0
    """The encoder was behind."""
    dropped_size: int = 0
    """The clip would have become too large to send."""
    failed: int = 0


class WindowRecorder:
    """A `ports.FrameTap`. `on_picture` runs in the loop's thread, all else in a niced thread of its own.

    `now` gives the wall clock (aware) and the monotonic clock. The callbacks run in the recorder's thread.
    """

    interval_s: float = Pace.NORMAL.value

    def __init__(
        self,
        folder: Path,
        clock: WindowClock,
        now: Callable[[], tuple[datetime, float]],
        on_closed: Callable[[ClosedWindow], None],
        *,
        name: str,
        on_opened: Callable[[Window], None] | None = None,
        rotation_deg: int = 0,
        mp4: bool | None = None,
    ) -> None:
        self.counts = RecorderCounts()
        self._folder = folder
        self._clock = clock
        self._now = now
        self._on_closed = on_closed
        self._on_opened = on_opened
        self.on_closing: Callable[[Window], None] | None = None
        """Told before a window's clip is finished. Set before `start`."""
        self._rotation_deg = rotation_deg
        self._mp4 = has_h264() if mp4 is None else mp4
        self._pace = Pace.NORMAL
        self._taken_s = float("-inf")
        self._scaler = VideoReformatter()
        self._waiting: queue.Queue[tuple[VideoFrame, float]] = queue.Queue(_WAITING_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"cradlewatch-window-{name}", daemon=True)
        self._link = Link.CONNECTING
        self._off_reason = "no_picture"
        self._writer: ClipWriter | None = None
        self._coverage = Coverage()
        self._frames = 0
        self._opened: Window | None = None
        self._broken = False
        self._bytes = 0
        self._ring = SoundRing()
        self._sound: SoundWriter | None = None
        self._sound_allowed = self._sound_wanted = False

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> bool:
        """Leave the running window as it is on disk, to be gone on with; True when the thread ended in time."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_WAIT_S)
        return not self._thread.is_alive()

    def set_pace(self, pace: Pace) -> None:
        """How often frames are wanted from now on; any thread."""
        self._pace = pace
        # While idle the loop still offers a frame a second: an incident shall not wait for the next one.
        self.interval_s = pace.offer_s

    def set_link(self, state: LinkState) -> None:
        """The connection changed; any thread. The reason of a window without pictures comes from here."""
        self._link = state.link
        if state.link is not Link.LIVE:
            self._off_reason = "privacy" if state.link is Link.PRIVACY else "camera_lost"

    def on_picture(self, frame: VideoFrame, at_s: float) -> None:
        """Take a picture in the loop's thread: make it small, hand it over, never wait."""
        if at_s - self._taken_s < self._pace.value - _WAKE_S / 2 or self._link is Link.PRIVACY:
            return
        self._taken_s = at_s
        fast = frame.format.is_rgb
        small = self._scaler.reformat(
            frame,
            *small_size(frame.width, frame.height),
            "yuv420p",
            interpolation=Interpolation.FAST_BILINEAR if fast else Interpolation.AREA,
            threads=1,
        )
        try:
            self._waiting.put_nowait((small, at_s))
        except queue.Full:
            self.counts.dropped_waiting += 1

    def on_sound(self, block: AudioBlock) -> None:
        """Take what the detectors hear, in the loop's thread; kept for seconds only, unless it is wanted."""
        if self._sound_allowed and self._link is not Link.PRIVACY:
            self._ring.put(block)

    def set_sound(self, *, allowed: bool, wanted: bool) -> None:
        """Sound may be kept at all (by consent), and one that matters is going on; any thread."""
        self._sound_allowed, self._sound_wanted = allowed and self._mp4, wanted

    # The recorder's thread

    def _run(self) -> None:
        _be_nice()
        while not self._stopping.is_set():
            try:
                item = self._waiting.get(timeout=_WAKE_S)
            except queue.Empty:
                item = None
            try:
                self._step(item)
            except Exception as error:  # noqa: BLE001 - a thread that ended here would end all windows to come
                self._give_up(error)
        self._close_writer()

    def _step(self, item: tuple[VideoFrame, float] | None) -> None:
        now_at, now_s = self._now()
        for left in self._clock.advance(now_at, now_s):
            self._close(left, now_s)
        window = self._clock.current
        if window is None:
            return
        if self._opened != window:
            self._opened = window
            self._coverage.begin(now_s)
            if self._on_opened is not None:
                self._on_opened(window)
        if item is not None and self._link is not Link.PRIVACY:
            frame, at_s = item
            offset_s = (now_at - window.start_at).total_seconds() - (now_s - at_s)
            self._write(frame, window, min(max(0.0, offset_s), window.length_s))
            self._coverage.seen(at_s)
        self._hear(window, now_at, now_s)

    def _hear(self, window: Window, now_at: datetime, now_s: float) -> None:
        if not self._sound_allowed or self._link is Link.PRIVACY:
            self._ring.clear()
            return
        self._ring.want(self._sound_wanted, now_s)
        for block in self._ring.take(now_s):
            end_s = (now_at - window.start_at).total_seconds() - (now_s - block.at_s)
            # What was heard in the window before is its end, and too late for it.
            if self._broken or not 0.0 <= end_s <= window.length_s:
                continue
            if self._sound is None:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._sound = SoundWriter(sound_path(self._folder, window.name))
            self._sound.write(block, end_s)

    def _write(self, frame: VideoFrame, window: Window, offset_s: float) -> None:
        if self._broken:
            self.counts.failed += 1
            return
        if self._writer is None:
            size_wh = (frame.height, frame.width) if self._rotation_deg in (90, 270) else (frame.width, frame.height)
            self._writer = begin_clip(self._folder, window.name, size_wh, mp4=self._mp4)
            self._bytes = 0
        # Thinned evenly where a noisy picture makes the clip grow faster than time passes.
        if self._bytes > MAX_BYTES * (0.1 + 0.85 * offset_s / window.length_s):
            self.counts.dropped_size += 1
            return
        picture = upright(frame, self._rotation_deg, self._writer.size_wh)
        self._bytes = self._writer.write(picture, offset_s)
        self._frames += 1
        self.counts.written += 1

    def _give_up(self, error: Exception) -> None:
        """Storage trouble costs this window's clip from here on, nothing else."""
        self.counts.failed += 1
        if not self._broken:
            _LOGGER.warning("The clip of this window cannot be written: %s", error)
        self._broken = True
        self._writer = None

    def _close(self, left: Left, now_s: float) -> None:
        if self.on_closing is not None:
            self.on_closing(left.window)
        self._close_writer()
        coverage = self._coverage.end(now_s, left.window.length_s) if self._opened == left.window else 0.0
        skipped, clip = self._finish(left.window)
        if clip is not None:
            # A restart within the window: what the run before it saw is known from the clip only.
            coverage = max(coverage, coverage_of(clip.time_map.offsets_s, left.window.length_s))
        closed = ClosedWindow(
            window=left.window,
            cut=left.cut,
            coverage=coverage if clip else 0.0,
            frames=len(clip.time_map.offsets_s) if clip else 0,
            clip=clip,
            skipped=skipped,
        )
        self._frames = 0
        self._broken = False
        self._off_reason = "no_picture" if self._link is Link.LIVE else self._off_reason
        self._on_closed(closed)

    def _finish(self, window: Window) -> tuple[str | None, WindowClip | None]:
        if self._link is Link.PRIVACY:
            # Who turned the camera off does not want this window understood.
            discard(self._folder, window.name)
            return "privacy", None
        try:
            if not self._sound_allowed:
                sound_path(self._folder, window.name).unlink(missing_ok=True)
            clip = finish_clip(self._folder, window.name)
        except (OSError, FFmpegError) as error:
            self._give_up(error)
            return "storage", None
        if clip is None:
            return "storage" if self._broken else self._off_reason, None
        return None, clip

    def _close_writer(self) -> None:
        sound, self._sound = self._sound, None
        if sound is not None:
            sound.close()
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
        except (OSError, FFmpegError) as error:
            self._give_up(error)


def _be_nice() -> None:
    """Give way to everything else. On Linux a thread has a priority of its own."""
    if sys.platform == "linux":
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        except OSError as error:
            _LOGGER.debug("Priority left as it is: %s", error)
