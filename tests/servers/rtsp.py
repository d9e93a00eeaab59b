"""A real RTSP server that is not our code: Debian's GStreamer RTSP server in a child process."""

import functools
from pathlib import Path
import select
import signal
import subprocess
import time
from types import TracebackType
from typing import Self

import pytest

_PYTHON = "/usr/bin/python3"
_CHILD = Path(__file__).with_name("rtsp_child.py")
_CHECK = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
_START_S = 15.0

# A camera: moving test picture, keyframe every `gop` frames, parameter sets in-band.
VIDEO = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 "
    "! x264enc tune=zerolatency threads=1 speed-preset=ultrafast key-int-max={gop} bitrate=800 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1"
)
H265 = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 "
    "! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=800 "
    "! rtph265pay name=pay0 pt=96 config-interval=-1"
)
MJPEG = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=15/1 "
    "! jpegenc ! rtpjpegpay name=pay0 pt=26"
)
AAC = (
    "audiotestsrc is-live=true ! audioconvert ! audio/x-raw,rate=16000,channels=1 "
    "! avenc_aac ! rtpmp4gpay name=pay1 pt=97"
)
PCMA = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8"
PCMU = "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0"
OPUS = "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay name=pay1 pt=98"


@functools.cache
def missing() -> str | None:
    """Why the server cannot run here, None if it can."""
    if not Path(_PYTHON).exists():
        return f"{_PYTHON} is missing"
    done = subprocess.run([_PYTHON, "-c", _CHECK], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        return "GStreamer's RTSP server is missing: apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi"
    return None


def require_rtsp() -> None:
    """Skip the test with a plain reason where the server cannot run."""
    if reason := missing():
        pytest.skip(reason)


class RtspServer:
    """`with RtspServer(VIDEO.format(gop=15)) as server: server.url`."""

    def __init__(
        self,
        launch: str = VIDEO.format(gop=15),
        *,
        user: str = "",
        password: str = "",
        auth: str = "none",
        udp_only: bool = False,
        certificate: Path | None = None,
    ) -> None:
        """`certificate`: a PEM file with certificate and key; the server then talks TLS only."""
        self._launch = launch
        self._tls = () if certificate is None else ("--certificate", str(certificate))
        self._login = ("--user", user, "--password", password, "--auth", auth, *(("--udp-only",) if udp_only else ()))
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Address without login."""
        return f"rtsp{'s' if self._tls else ''}://127.0.0.1:{self.port}/live"

    def url_with(self, user: str, password: str) -> str:
        """Address with a login."""
        return f"rtsp://{user}:{password}@127.0.0.1:{self.port}/live"

    def start(self) -> None:
        """Start; after `kill` on the same port again."""
        command = [_PYTHON, str(_CHILD), "--port", str(self.port), "--launch", self._launch, *self._login, *self._tls]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = self._read_port(self._process)

    def _read_port(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        deadline_s = time.monotonic() + _START_S
        while time.monotonic() < deadline_s and process.poll() is None:
            if select.select([process.stdout], [], [], 0.2)[0]:
                line = process.stdout.readline()
                if line.startswith("port "):
                    return int(line.split()[1])
        process.kill()
        raise RuntimeError("the RTSP server did not start")

    def freeze(self) -> None:
        """Stop sending, keep the connections (SIGSTOP)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(timeout=10)
            if process.stdout:
                process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
