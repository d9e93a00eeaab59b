"""What cameras do at night, against a real RTSP server: after each of them the picture is back and nothing leaked.

Every test runs in `running_loop`, which asserts at its end that the loop stopped within 3 s and left no thread
and no socket behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import threading
import time

import av
import pytest

from custom_components.cradlewatch.engine.models import Link
from tests.engine.loops import Running, running_loop
from tests.servers import rtsp
from tests.servers.rtsp import AAC, H265, MJPEG, PCMU, VIDEO, RtspServer

pytestmark = [pytest.mark.rtsp, pytest.mark.timeout(180)]

SMALL = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 "
    "! x264enc tune=zerolatency threads=1 speed-preset=ultrafast key-int-max=15 bitrate=400 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1"
)


@pytest.fixture(autouse=True)
def needs_server() -> None:
    rtsp.require_rtsp()


class Viewer:
    """Reads the relay as Home Assistant's stream component does, with its 30 s limit; decodes what it gets."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.times_s: list[float] = []
        self.last_dts: int | None = None
        self.backward = 0
        self.damaged = 0
        self.ended: str | None = None
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with av.open(self.path, timeout=30) as source:
                for packet in source.demux(video=0):
                    if self._stop:
                        return
                    self._take(packet)
        except (OSError, ValueError) as error:
            self.ended = type(error).__name__
        else:
            self.ended = "end of stream"

    def _take(self, packet: av.Packet) -> None:
        if packet.dts is None:
            return
        if self.last_dts is not None and packet.dts <= self.last_dts:
            self.backward += 1
        self.last_dts = packet.dts
        try:
            decoded = len(packet.decode())
        except av.FFmpegError:
            self.damaged += 1
            return
        self.times_s += [time.monotonic()] * decoded

    def gets_picture_within(self, limit_s: float) -> bool:
        since_s = time.monotonic()
        while time.monotonic() - since_s < limit_s:
            if self.times_s and self.times_s[-1] > since_s:
                return True
            time.sleep(0.02)
        return False

    def close(self) -> None:
        self._stop = True


@contextmanager
def viewer_of(run: Running) -> Iterator[Viewer]:
    viewer = Viewer(run.loop.relay_address)
    try:
        assert viewer.gets_picture_within(10), viewer.ended
        yield viewer
    finally:
        viewer.close()


def test_server_killed_and_restarted_viewers_go_on() -> None:
    with RtspServer() as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        with viewer_of(run) as viewer:
            server.kill()
            time.sleep(12)
            assert run.loop.link.link is Link.LOST
            server.start()
            # The longest wait between two attempts here is 8 s.
            run.wait_link(Link.LIVE, 12)
            assert viewer.gets_picture_within(3)
            assert viewer.ended is None
            assert viewer.backward == 0
            assert run.notes.generations == 0


def test_frozen_for_eight_seconds_with_the_connection_open() -> None:
    with RtspServer() as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        with viewer_of(run) as viewer:
            server.freeze()
            run.wait_link(Link.STALLED, 7)
            assert run.loop.picture(60) is None, "a stalled picture must not be given away as the newest"
            time.sleep(2)
            server.thaw()
            run.wait_link(Link.LIVE, 6)
            assert viewer.gets_picture_within(3)
            assert viewer.ended is None
            assert viewer.backward == 0


def test_frozen_for_forty_seconds() -> None:
    with RtspServer() as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        server.freeze()
        began_s = time.monotonic()
        run.wait_link(Link.LOST, 12)
        assert time.monotonic() - began_s >= 9
        time.sleep(max(0, 40 - (time.monotonic() - began_s)))
        server.thaw()
        run.wait_link(Link.LIVE, 20)
        with viewer_of(run):
            pass


def test_credentials_changed_then_right_again() -> None:
    with RtspServer(user="baby", password="first-pass", auth="digest") as server:
        spec = server.url_with("baby", "first-pass")
        with running_loop(spec) as run:
            run.wait_link(Link.LIVE)
            server.kill()
            changed = RtspServer(user="baby", password="second-pass", auth="digest")
            changed.port = server.port
            with changed:
                run.wait_link(Link.LOST, 15)
                run.wait(lambda: run.loop.link.reason == "invalid_auth", 15)
                texts = repr(run.notes.links)
                assert "first-pass" not in texts
                from custom_components.cradlewatch.engine.settings import SourceSettings

                run.loop.set_source(SourceSettings(spec=changed.url_with("baby", "second-pass")))
                run.wait_link(Link.LIVE, 10)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(VIDEO.format(gop=15), SMALL, id="resolution"),
        pytest.param(VIDEO.format(gop=15), H265, id="codec"),
        pytest.param(VIDEO.format(gop=15), f"{VIDEO.format(gop=15)}  {AAC}", id="sound-appears"),
        pytest.param(f"{VIDEO.format(gop=15)}  {PCMU}", VIDEO.format(gop=15), id="sound-vanishes"),
    ],
)
def test_shape_changed_begins_a_new_generation(before: str, after: str) -> None:
    with RtspServer(before) as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        with viewer_of(run) as viewer:
            server.kill()
            other = RtspServer(after)
            other.port = server.port
            with other:
                run.wait(lambda: run.notes.generations == 1, 20)
                run.wait_link(Link.LIVE, 10)
                # The old viewer is let go so that Home Assistant opens the stream again with the new parameters.
                run.wait(lambda: viewer.ended is not None, 5)
                with viewer_of(run) as second:
                    assert second.damaged == 0


def test_long_gop_serves_a_new_viewer_at_once() -> None:
    with RtspServer(VIDEO.format(gop=300)) as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE, 25)
        time.sleep(3)
        began_s = time.monotonic()
        with viewer_of(run) as viewer:
            assert time.monotonic() - began_s < 5, "a direct viewer would wait for the next keyframe: up to 20 s"
            assert viewer.damaged == 0


def test_mjpeg_camera_is_encoded_once() -> None:
    with RtspServer(MJPEG) as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        assert run.loop.info is not None
        assert run.loop.info.encoder
        with viewer_of(run) as viewer:
            assert viewer.gets_picture_within(3)
            assert viewer.damaged == 0


def test_one_dying_camera_does_not_touch_another() -> None:
    with (
        RtspServer() as dying,
        RtspServer() as healthy,
        running_loop(dying.url, name="cradlewatch-dying"),
        running_loop(healthy.url, name="cradlewatch-healthy") as run,
    ):
        run.wait_link(Link.LIVE)
        with viewer_of(run) as viewer:
            before = len(viewer.times_s)
            began_s = time.monotonic()
            dying.kill()
            time.sleep(8)
            rate = (len(viewer.times_s) - before) / (time.monotonic() - began_s)
            gaps = [b - a for a, b in zip(viewer.times_s[before:], viewer.times_s[before + 1 :], strict=False)]
            assert rate > 13, "15 fps"
            assert max(gaps) < 2
            assert run.loop.figures().reconnects == 0


def test_stop_in_the_middle_of_a_frozen_read() -> None:
    with RtspServer() as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        server.freeze()
        time.sleep(1)
        began_s = time.monotonic()
        run.loop.stop()
        run.wait(lambda: run.loop.link.link is Link.STOPPED, 3)
        assert time.monotonic() - began_s < 3
