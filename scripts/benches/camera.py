"""The bench's side of the replaying camera: starts its process, tells it what to do, reads its log and its cost."""

import json
from pathlib import Path
import socket
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Any

from .media import prepare
from .product import ROOT
from .rtsp_replay import USER


class ReplayCamera:
    """Context manager. Its CPU is printed beside the figures and not counted in them."""

    def __init__(self, *clips: str) -> None:
        self._clips = clips
        for clip in clips:
            prepare(clip)
        self._folder = tempfile.TemporaryDirectory(prefix="cw-bench-")
        self._began = (0.0, 0.0)

    def __enter__(self) -> ReplayCamera:
        control = Path(self._folder.name) / "control.sock"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.benches.rtsp_replay", str(control), *self._clips],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the replaying camera did not start")
        self.port = int(json.loads(line)["port"])
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(control))
        self._file = self._socket.makefile("rwb")
        figures = self.order("figures")
        self._began = (figures["cpu_s"], figures["at_s"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def url(self, clip: str, password: str | None = None) -> str:
        """Its RTSP address, with a login where a password is given."""
        login = f"{USER}:{password}@" if password else ""
        return f"rtsp://{login}127.0.0.1:{self.port}/{clip}"

    def order(self, kind: str, **fields: object) -> Any:
        """One order over the control socket; returns the answer."""
        self._file.write(json.dumps({"do": kind, **fields}).encode() + b"\n")
        self._file.flush()
        return json.loads(self._file.readline())

    def sent(self, clip: str, since_s: float) -> list[tuple[int, float]]:
        """(frame counted over all loops, monotonic time at which its packets were sent)."""
        return [(number, at_s) for number, at_s in self.order("log", clip=clip, since_s=since_s)]

    def core_percent(self) -> float:
        """CPU of the camera's process since it was started."""
        figures = self.order("figures")
        cpu_s, at_s = self._began
        return float(100 * (figures["cpu_s"] - cpu_s) / max(1e-6, figures["at_s"] - at_s))


def wait_until(deadline_s: float) -> None:
    """Sleep until the monotonic time."""
    time.sleep(max(0.0, deadline_s - time.monotonic()))
