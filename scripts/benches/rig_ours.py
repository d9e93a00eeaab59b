"""Our loop, alone in its process: CPU and memory without anything of Home Assistant."""

from collections.abc import Callable
import shutil
import socket
import threading
import time
from typing import Any

from .rig import scratch, serve


class Guests:
    """Viewers that come and go: connect, read for `stay_s`, leave. `path` tells where the relay is now."""

    def __init__(self, path: Callable[[], str], stay_s: float = 5.0) -> None:
        self._path = path
        self._stay_s = stay_s
        self._over = threading.Event()
        self.visits = 0
        self.bytes_read = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            self.visits += 1
            try:
                self._visit()
            except OSError:
                # Cut, or the relay is away: come again a little later, as a player does.
                self._over.wait(0.5)

    def _visit(self) -> None:
        until_s = time.monotonic() + self._stay_s
        with socket.socket(socket.AF_UNIX) as viewer:
            viewer.connect(self._path())
            viewer.settimeout(0.25)
            while time.monotonic() < until_s and not self._over.is_set():
                try:
                    data = viewer.recv(1 << 16)
                except TimeoutError:
                    continue
                if not data:
                    raise ConnectionResetError
                self.bytes_read += len(data)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def _ours(urls: list[str], **settings: object) -> None:
    from .eyes import WatchedCamera

    folder = scratch()
    cameras: list[WatchedCamera] = []
    viewers: list[Guests] = []

    def add(url: str) -> None:
        cameras.append(WatchedCamera(url, folder / f"{len(cameras)}.sock", f"bench-{len(cameras)}", **settings))
        cameras[-1].wait_up()

    def answer(kind: str, **order: Any) -> object:
        if kind == "add":
            add(order["url"])
        elif kind == "viewers":
            viewers.append(Guests(lambda: str(folder / "0.sock")))
        elif kind != "figures":
            raise ValueError(kind)
        return [figures_of(camera) for camera in cameras]

    try:
        for url in urls:
            add(url)
        serve(answer, {"sockets": [str(folder / f"{index}.sock") for index in range(len(cameras))]})
    finally:
        for viewer in viewers:
            viewer.stop()
        for camera in cameras:
            camera.stop()
        shutil.rmtree(folder, ignore_errors=True)


def figures_of(camera: Any) -> dict[str, Any]:
    import os

    figures = camera.loop.figures()
    return camera.loop.details() | {
        "fps": figures.frame_rate_fps,
        "lag_p50_ms": figures.lag_p50_ms,
        "lag_p99_ms": figures.lag_p99_ms,
        "lag_max_ms": figures.lag_max_ms,
        "frames": figures.frames_total,
        "detected": figures.frames_detected,
        "viewers_cut": figures.viewers_cut,
        "reconnects": figures.reconnects,
        "link": camera.loop.link.link.value,
        "signals": len(camera.notes.signals),
        "threads": threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
    }


KINDS = {"ours": _ours}
