"""Serves the ring to viewers (Home Assistant's stream component) as MPEG-TS on a unix socket.

A thread of its own: the frame loop only wakes it. Each viewer has a cursor into the ring; one that does not
keep up is cut when its place was evicted, and never waited for. Sockets stay open while the camera is away.
"""

from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
import errno
import logging
import os
from pathlib import Path
import selectors
import socket
import threading
import time

from .ring import EvictedError, StreamRing

_LOGGER = logging.getLogger(__name__)
# The kernel's limit for the path of a unix socket, with the terminating zero.
MAX_SOCKET_PATH_BYTES = 107
_MAX_VIEWERS = 64
_NO_FILE_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_RETIRE_AFTER_S = 1.0
_ACCEPT_AGAIN_S = 0.5
"""No file is free for another viewer: who waits to be served is asked for again then, not without a pause."""


@dataclass(slots=True, eq=False)
class _Viewer:
    connection: socket.socket
    cursor: int | None = None
    pending: list[memoryview] = field(default_factory=list)
    retired_at_s: float | None = None
    wants_write: bool = False


class RelayServer:
    """Listens on `path` (mode 0600). `start`, `wake` and `stop` from any thread."""

    def __init__(self, path: Path, ring: StreamRing, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
            raise ValueError(f"the path of the relay's socket is longer than {MAX_SOCKET_PATH_BYTES} bytes")
        self._path = path
        self._ring = ring
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._deaf_until_s: float | None = None
        self._told_full = False
        self._wake_read, self._wake_write = socket.socketpair()
        # From the beginning: orders may be given before the loop's thread has come to `start`.
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        self._viewers: dict[socket.socket, _Viewer] = {}
        self._stopping = False
        self._retire = False
        self._cut_retired = False
        self._cut_all = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"{name}-relay", daemon=True)
        self.failed = False
        """Its thread broke: nobody is served any more."""
        self.viewers = 0
        self.viewers_cut = 0

    def start(self) -> None:
        """Bind and serve. Raises OSError where the folder cannot be written."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Set before bind, so that the socket is never open to others for a moment.
            os.fchmod(listener.fileno(), 0o600)
            listener.bind(os.fspath(self._path))
            self._path.chmod(0o600)
            listener.listen(16)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._thread.start()

    def wake(self) -> None:
        """There is more in the ring."""
        if not self.viewers:
            # Nobody to be given it: who comes is told by the listening socket, and then given all that is there.
            return
        self._wake()

    def _wake(self) -> None:
        # A full pipe means that the thread is about to wake anyway.
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_write.send(b"x")

    def retire_viewers(self) -> None:
        """The stream starts anew with other parameters: today's viewers get no more and are closed in a second.

        The second lets Home Assistant be told first (`Stream.update_source`), so that it reconnects at once.
        """
        with self._lock:
            self._retire = True
        self._wake()

    def cut_retired(self) -> None:
        """Home Assistant was told: close what `retire_viewers` left, and nobody who has come since."""
        with self._lock:
            self._cut_retired = True
        self._wake()

    def cut_viewers(self) -> None:
        """Close all connections now (privacy)."""
        with self._lock:
            self._cut_all = True
        self._wake()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Close everything and remove the socket's file; True when the thread has ended in time."""
        with self._lock:
            self._stopping = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        if ended:
            self._close_all()
        self._path.unlink(missing_ok=True)
        return ended

    def _run(self) -> None:
        try:
            self._serve()
        except Exception:
            # Whoever sends to it must know: a live camera whose viewers get nothing would look well.
            self.failed = True
            _LOGGER.exception("Viewers can no longer be served")

    def _serve(self) -> None:
        while True:
            retired = any(viewer.retired_at_s for viewer in self._viewers.values())
            timeout_s = 0.2 if retired or self._deaf_until_s is not None else None
            events = self._selector.select(timeout_s)
            self._drain_wakes()
            # Orders before newcomers: they are about those who were there when they were given.
            if self._take_orders():
                return
            self._hear_again()
            for key, mask in events:
                self._on_event(key.fileobj, mask)
            for viewer in list(self._viewers.values()):
                self._feed(viewer)

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_read.recv(4096):
                pass

    def _on_event(self, file: object, mask: int) -> None:
        if file is self._listener:
            self._accept()
        elif isinstance(file, socket.socket) and file in self._viewers and mask & selectors.EVENT_READ:
            self._on_readable(self._viewers[file])

    def _take_orders(self) -> bool:
        with self._lock:
            stopping, retire, cut_retired, cut_all = self._stopping, self._retire, self._cut_retired, self._cut_all
            self._retire = self._cut_retired = self._cut_all = False
        now_s = self._clock()
        for viewer in list(self._viewers.values()):
            if retire and viewer.retired_at_s is None:
                viewer.retired_at_s = now_s
                viewer.pending.clear()
            due = viewer.retired_at_s is not None and (cut_retired or now_s - viewer.retired_at_s >= _RETIRE_AFTER_S)
            if due or cut_all or stopping:
                self._drop(viewer)
        return stopping

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _NO_FILE_LEFT:
                level = logging.DEBUG if self._told_full else logging.WARNING
                _LOGGER.log(level, "No file is left for another viewer: %s", error.strerror)
                self._told_full = True
                self._selector.unregister(self._listener)
                self._deaf_until_s = self._clock() + _ACCEPT_AGAIN_S
            else:
                _LOGGER.debug("A viewer was gone before it was served: %s", error)
            return
        if len(self._viewers) >= _MAX_VIEWERS:
            connection.close()
            self.viewers_cut += 1
            return
        self._told_full = False
        connection.setblocking(False)
        self._viewers[connection] = _Viewer(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        self.viewers = len(self._viewers)

    def _hear_again(self) -> None:
        if self._listener is not None and self._deaf_until_s is not None and self._clock() >= self._deaf_until_s:
            self._deaf_until_s = None
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _on_readable(self, viewer: _Viewer) -> None:
        """Viewers say nothing: a readable socket is one that was closed."""
        try:
            if viewer.connection.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError as error:
            _LOGGER.debug("A viewer broke off: %s", error)
        self._drop(viewer)

    def _feed(self, viewer: _Viewer) -> None:
        if viewer.retired_at_s is not None:
            return
        try:
            while self._fill(viewer):
                sent = viewer.connection.sendmsg(viewer.pending[:64])
                self._consume(viewer, sent)
        except BlockingIOError:
            self._want_write(viewer, wanted=True)
            return
        except EvictedError:
            self.viewers_cut += 1
            self._drop(viewer)
            return
        except OSError as error:
            _LOGGER.debug("A viewer broke off: %s", error)
            self._drop(viewer)
            return
        self._want_write(viewer, wanted=False)

    def _fill(self, viewer: _Viewer) -> bool:
        """Make sure that something is pending; False when there is nothing to send yet."""
        if viewer.cursor is None:
            viewer.cursor = self._ring.replay_start(self._clock())
            if viewer.cursor is None:
                return False
            viewer.pending.append(memoryview(self._ring.header))
        # Read even where enough is pending: a viewer that takes nothing must be found out.
        chunks = self._ring.read(viewer.cursor, 64 if len(viewer.pending) < 32 else 1)
        if len(viewer.pending) >= 32:
            return True
        if chunks:
            viewer.pending += [memoryview(chunk.data) for chunk in chunks]
            viewer.cursor = chunks[-1].sequence + 1
        return bool(viewer.pending)

    @staticmethod
    def _consume(viewer: _Viewer, sent: int) -> None:
        done = 0
        for view in viewer.pending:
            if sent < len(view):
                break
            sent -= len(view)
            done += 1
        del viewer.pending[:done]
        if sent:
            viewer.pending[0] = viewer.pending[0][sent:]

    def _want_write(self, viewer: _Viewer, *, wanted: bool) -> None:
        if viewer.wants_write != wanted:
            viewer.wants_write = wanted
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
            self._selector.modify(viewer.connection, events)

    def _drop(self, viewer: _Viewer) -> None:
        if self._viewers.pop(viewer.connection, None) is None:
            return
        self._selector.unregister(viewer.connection)
        viewer.connection.close()
        self.viewers = len(self._viewers)

    def _close_all(self) -> None:
        for viewer in list(self._viewers.values()):
            self._drop(viewer)
        self._selector.close()
        for end in (self._wake_read, self._wake_write):
            end.close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
