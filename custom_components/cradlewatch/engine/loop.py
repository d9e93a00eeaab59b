"""The frame loop of one camera: one connection, one thread, and nothing that it waits for but the camera."""

from collections.abc import Callable, Sequence
import logging
from pathlib import Path
import threading
import time

from .clips import ClipHandle, ClipWriter
from .errors import SourceChangedError, SourceError, SourceProblem
from .link import LinkWatch
from .lookout import Details, Lookout
from .memory import give_back, keep_little
from .models import Link, LinkState, LoopFigures, Picture, StreamInfo
from .outlet import Outlet
from .pictures import PictureStore
from .ports import FrameTap, LoopSink, Senses
from .pump import Pump
from .retry import Retry
from .settings import LoopSettings, SourceSettings
from .source.open import open_source
from .source.types import AbortToken, Source

_LOGGER = logging.getLogger(__name__)


class CameraLoop:
    """`run` blocks in a thread of its own until `stop`; all else may be called from any thread."""

    def __init__(
        self,
        source: SourceSettings,
        settings: LoopSettings,
        senses: Senses,
        sink: LoopSink,
        *,
        relay_path: Path,
        name: str,
        taps: Sequence[FrameTap] = (),
        detection: SourceSettings | None = None,
    ) -> None:
        """`detection`: a lighter stream of the same camera for the detectors; None takes the stream of viewers."""
        self._source_settings = source
        self._relay_path = relay_path
        self._outlet = Outlet(settings, relay_path, name)
        self._clips = ClipWriter(self._outlet.ring, name, source.rotation_deg)
        self._pictures = PictureStore(source.rotation_deg)
        self._lookout = Lookout(settings, senses, self._pictures, taps, detection=detection, name=name)
        self._retry = Retry(settings)
        self._link = LinkWatch(settings, _told(self._pictures, sink), name)
        self._pump = Pump(
            settings,
            senses,
            sink,
            outlet=self._outlet,
            lookout=self._lookout,
            link=self._link,
            retry=self._retry,
        )
        self._lock = threading.Lock()
        self._abort = AbortToken()
        self._name = name
        self._breaker: threading.Thread | None = None
        self._stopping = False
        self._privacy = False
        self._must_forget = False

    @property
    def link(self) -> LinkState:
        """The connection now."""
        return self._link.state

    @property
    def info(self) -> StreamInfo | None:
        """What the source delivers; None before the first connection."""
        return self._pump.info

    @property
    def relay_address(self) -> str:
        """Address of the stream for Home Assistant's stream component."""
        return f"unix://{self._relay_path}"

    def figures(self) -> LoopFigures:
        """Figures of the last minute."""
        return self._pump.figures()

    def details(self) -> Details:
        """Counts for diagnostics."""
        timeline = self._outlet.counts
        return {
            "ring_bytes": self._outlet.ring.size_bytes,
            "clips_in_work": self._clips.in_work,
            "clock_jumps": timeline.video_jumps,
            "audio_dropped": timeline.audio_dropped,
            "audio_resyncs": timeline.audio_resyncs,
            "timestamps_mended": timeline.timestamps_mended,
            "encoding_core_percent": self._pump.encoding_core_percent,
            "format_changes": self._outlet.format_changes,
            "format_changes_borne": self._outlet.changes_borne,
        } | self._lookout.details()

    def picture(self, max_age_s: float, long_edge_px: int | None = None, quality: int = 85) -> Picture | None:
        """Newest picture as JPEG, None where there is none so fresh. Encodes: call it off the event loop."""
        return self._pictures.newest(time.monotonic(), max_age_s, long_edge_px, quality)

    def pictures_around(self, at_s: float, count: int = 3, long_edge_px: int | None = 768) -> tuple[Picture, ...]:
        """Pictures about the moment `at_s` (monotonic), in time order; () where none are kept."""
        return self._pictures.around(at_s, count, long_edge_px)

    def start_clip(self, path: Path, pre_s: float = 10.0) -> ClipHandle:
        """Begin an MP4 of what happens, from `pre_s` before now; see ClipWriter."""
        return self._clips.start(path, pre_s)

    def set_privacy(self, on: bool) -> None:
        """No connection, no decoding, nothing kept while on."""
        with self._lock:
            if self._privacy == on:
                return
            self._privacy = on
            # Also where it is turned off again before the loop has noticed.
            self._must_forget = self._must_forget or on
            aborts = (self._abort, *self._lookout.pause(on=on))
        self._break_off(*aborts)

    def set_source(self, source: SourceSettings) -> None:
        """Another address of the camera: connects anew at once."""
        with self._lock:
            self._source_settings = source
            self._retry.forget()
            abort = self._abort
        self._break_off(abort)

    def in_thread(self, order: Callable[[], object]) -> None:
        """Run `order` in the loop's thread before the next frame: the senses belong to it. Must be quick."""
        self._pump.in_thread(order)

    def reconnect(self) -> None:
        """Try again now instead of after the back-off."""
        with self._lock:
            self._retry.forget()
            abort = self._abort
        self._break_off(abort)

    def _break_off(self, *aborts: AbortToken) -> None:
        """Ending a connection looks through this process's open files: not for the event loop that may call."""

        def end_all() -> None:
            for abort in aborts:
                abort.abort()

        breaker = threading.Thread(target=end_all, name=f"{self._name}-abort", daemon=True)
        with self._lock:
            # Both or neither: one that has not begun cannot be joined.
            breaker.start()
            self._breaker = breaker

    def close_old_viewers(self) -> None:
        """The viewers were told of the new generation: cut those that still read the old one."""
        self._outlet.relay.cut_retired()

    def close_viewers(self) -> None:
        """Cut all viewers' connections; they may connect again at once."""
        self._outlet.relay.cut_viewers()

    def stop(self) -> None:
        """End `run` soon: whatever it is blocked in is broken off. Idempotent."""
        with self._lock:
            self._stopping = True
            aborts = (self._abort, *self._lookout.stop())
        self._break_off(*aborts)

    def run(self) -> None:
        """The loop. Returns after `stop`; raises OSError where the relay's socket cannot be made, RelayError later."""
        keep_little()
        try:
            self._outlet.relay.start()
            self._link.start()
            self._lookout.start()
            while not self._stopping:
                if self._privacy or self._must_forget:
                    self._rest()
                else:
                    self._connect_once()
        finally:
            self._close()

    def _rest(self) -> None:
        """Privacy: drop everything and sleep until it ends."""
        abort = self._renew_abort()
        self._must_forget = False
        self._pump.end_signals()
        self._forget()
        self._link.rest(Link.PRIVACY)
        while self._privacy and not self._stopping and not abort.aborted:
            abort.wait(60)
        if not self._privacy and not self._stopping:
            self._link.expect()

    def _connect_once(self) -> None:
        """One connection: from opening to its end, and the wait before the next."""
        abort = self._renew_abort()
        if self._privacy or self._must_forget or self._stopping:
            return
        source: Source | None = None
        problem: SourceProblem | None = None
        try:
            source = open_source(self._source_settings, abort)
            self._pump.run(source, abort)
        except SourceChangedError as change:
            _LOGGER.info("The camera's stream changed (%s): connecting anew", change.detail)
            if self._pump.lives:
                self._retry.forget()
                return
        except SourceError as error:
            problem = error.problem
            if not abort.aborted:
                self._link.failed(problem.value)
                _LOGGER.debug("Connection ended: %s", error)
        finally:
            if source is not None:
                self._pump.reconnects += not self._stopping and not self._privacy
                source.close()
                give_back()
        if abort.aborted:
            return
        self._retry.wait(self._source_settings.spec, problem, abort)

    def _renew_abort(self) -> AbortToken:
        with self._lock:
            self._abort = AbortToken()
            return self._abort

    def _forget(self) -> None:
        """Nothing of the picture stays in memory."""
        self._pictures.clear()
        self._clips.end_all()
        self._pump.forget()

    def _close(self) -> None:
        with self._lock:
            breaker = self._breaker
        if breaker is not None:
            breaker.join(1)
        self._lookout.close()
        self._pump.end_signals()
        self._link.rest(Link.STOPPED)
        self._link.stop()
        self._forget()
        if not self._outlet.relay.stop():
            _LOGGER.warning("The relay's thread did not end in time")
        give_back()


def _told(pictures: PictureStore, sink: LoopSink) -> Callable[[LinkState], None]:
    """What a change of the connection does. No method of the loop: it would hold itself in memory after its end."""

    def on_link(state: LinkState) -> None:
        if state.link in (Link.LOST, Link.STALLED):
            pictures.clear()
        sink.on_link(state)

    return on_link
