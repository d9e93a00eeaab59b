"""Our loop, alone in its process: CPU and memory without anything of Home Assistant."""

import shutil
import socket
import threading
from typing import Any

from .rig import scratch, serve


class _Viewers:
    """Viewers that come and go: connect, read for 5 s, leave."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._over = threading.Event()
        self.visits = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            with socket.socket(socket.AF_UNIX) as viewer:
                viewer.connect(self._path)
                viewer.settimeout(0.5)
                self.visits += 1
                for _ in range(10):
                    self._read(viewer)

    def _read(self, viewer: socket.socket) -> None:
        end = threading.Event()
        timer = threading.Timer(0.5, end.set)
        timer.start()
        while not end.is_set() and not self._over.is_set():
            try:
                if not viewer.recv(1 << 16):
                    return
            except TimeoutError:
                return

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def _ours(urls: list[str], **settings: object) -> None:
    from .eyes import WatchedCamera

    folder = scratch()
    cameras: list[WatchedCamera] = []
    viewers: list[_Viewers] = []

    def add(url: str) -> None:
        cameras.append(WatchedCamera(url, folder / f"{len(cameras)}.sock", f"bench-{len(cameras)}", **settings))
        cameras[-1].wait_up()

    def answer(kind: str, **order: Any) -> object:
        if kind == "add":
            add(order["url"])
        elif kind == "viewers":
            viewers.append(_Viewers(str(folder / "0.sock")))
        elif kind != "figures":
            raise ValueError(kind)
        return [_figures(camera) for camera in cameras]

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


def _figures(camera: Any) -> dict[str, Any]:
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
