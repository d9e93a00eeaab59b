"""A camera that is back is not waited for."""

from contextlib import ExitStack
from pathlib import Path
import socket
import time

import pytest

from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.source.reach import answers
from custom_components.cradlewatch.engine.source.types import AbortToken
from tests.engine.loops import running_loop
from tests.engine.test_faults import viewer_of
from tests.media import Clip, clip
from tests.servers import rtsp
from tests.servers.rtsp import RtspServer
from tests.servers.tampered import TamperedCamera, keep

GOES_ON_S = 3.0


def test_answers_tells_open_from_closed_and_from_what_has_no_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert answers(f"rtsp://user:secret@127.0.0.1:{port}/x", 1, AbortToken()) is True
    assert answers(f"rtsp://127.0.0.1:{port}/x", 1, AbortToken()) is False
    assert answers("/media/clip.mp4", 1, AbortToken()) is None
    assert answers("demo:", 1, AbortToken()) is None
    assert answers("rtsp://[nonsense", 1, AbortToken()) is None


@pytest.mark.rtsp
@pytest.mark.timeout(120)
@pytest.mark.parametrize("outage_s", [12, 25])
def test_viewers_go_on_within_three_seconds(tmp_path: Path, outage_s: int) -> None:
    """RTSP and HTTP at the same time, each gone with its port closed; nobody opens anything anew."""
    rtsp.require_rtsp()
    film = clip(tmp_path, ".ts", Clip(seconds=60, size_wh=(320, 240), gop=15))
    with ExitStack() as stack:
        server = stack.enter_context(RtspServer())
        first = TamperedCamera(film, lambda: keep)
        with first:
            loops = [
                stack.enter_context(running_loop(url, name=f"cradlewatch-{name}"))
                for name, url in (("rtsp", server.url), ("http", first.url))
            ]
            for run in loops:
                run.wait_link(Link.LIVE)
            viewers = [stack.enter_context(viewer_of(run)) for run in loops]
            server.kill()
        time.sleep(outage_s)
        assert [run.loop.link.link for run in loops] == [Link.LOST, Link.LOST]
        server.start()
        stack.enter_context(TamperedCamera(film, lambda: keep, port=first.port))
        began_s = time.monotonic()
        for viewer in viewers:
            since_s = time.monotonic() - began_s
            assert viewer.gets_picture_within(max(0.1, GOES_ON_S - since_s)), (viewer.ended, since_s, outage_s)
            assert viewer.ended is None
            assert viewer.backward == 0
        assert [run.notes.generations for run in loops] == [0, 0]


@pytest.mark.rtsp
def test_back_within_three_seconds_after_an_outage_in_the_middle_of_the_back_off(tmp_path: Path) -> None:
    rtsp.require_rtsp()
    with RtspServer() as server, running_loop(server.url) as run:
        run.wait_link(Link.LIVE)
        server.kill()
        # Attempts fail after 1, 3, 7 and 15 s: at 18 s the next one by the back-off alone is 12 s away.
        time.sleep(18)
        server.start()
        began_s = time.monotonic()
        run.wait_link(Link.LIVE, 10)
        assert time.monotonic() - began_s < 4
