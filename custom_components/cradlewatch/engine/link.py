"""State of the connection, and the watch that notices silence while a read blocks."""

from collections.abc import Callable
import threading
import time

from .models import Link, LinkState
from .settings import LoopSettings

_WATCH_EVERY_S = 0.25


class LinkWatch:
    """Keeps the LinkState. The loop reports packets and failures; a small thread notices that none come.

    `on_change` is called from the loop's thread or the watch's, one at a time, in order.
    """

    def __init__(
        self,
        settings: LoopSettings,
        on_change: Callable[[LinkState], None],
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.RLock()
        self._state = LinkState(link=Link.CONNECTING, since_s=clock())
        self._last_packet_s = clock()
        self._watched = False
        self._reason: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name}-watch", daemon=True)

    @property
    def state(self) -> LinkState:
        """The connection now."""
        return self._state

    def start(self) -> None:
        """Begin to watch: no packet within `lost_after_s` from now is a lost camera."""
        self.expect()
        self._thread.start()

    def expect(self) -> None:
        """Packets are expected from now on (start, privacy off, another source)."""
        with self._lock:
            self._last_packet_s = self._clock()
            self._watched = True
            self._reason = None
            self._set(Link.CONNECTING, None)

    def packet(self, at_s: float) -> None:
        """A video packet came."""
        self._last_packet_s = at_s
        if self._state.link is not Link.LIVE:
            with self._lock:
                if self._watched:
                    self._reason = None
                    self._set(Link.LIVE, None)

    def failed(self, reason: str) -> None:
        """A read or an attempt to connect failed; the state follows by the time without packets."""
        with self._lock:
            self._reason = reason
            if self._state.link is Link.LOST and self._state.reason != reason:
                self._set(Link.LOST, reason)

    def rest(self, link: Link) -> None:
        """No packets are expected (privacy, stopped)."""
        with self._lock:
            self._watched = False
            self._set(link, None)

    def stop(self) -> None:
        """End the watch's thread."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(2)

    def _run(self) -> None:
        while not self._stop.wait(_WATCH_EVERY_S):
            with self._lock:
                if self._watched:
                    self._judge(self._clock() - self._last_packet_s)

    def _judge(self, silent_s: float) -> None:
        if silent_s >= self._settings.lost_after_s:
            if self._state.link is not Link.LOST:
                self._set(Link.LOST, self._reason or "no_packets")
        elif silent_s >= self._settings.stall_after_s and self._state.link is Link.LIVE:
            self._set(Link.STALLED, self._reason or "no_packets")

    def _set(self, link: Link, reason: str | None) -> None:
        if self._state.link is link and self._state.reason == reason:
            return
        since_s = self._state.since_s if self._state.link is link else self._clock()
        self._state = LinkState(link=link, since_s=since_s, reason=reason)
        self._on_change(self._state)
