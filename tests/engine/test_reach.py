"""A camera that is back is not waited for."""

from pathlib import Path
import socket
import time

import pytest

from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.source.reach import answers
from custom_components.cradlewatch.engine.source.types import AbortToken
from tests.engine.loops import running_loop
from tests.servers import rtsp
from tests.servers.rtsp import RtspServer


def test_answers_tells_open_from_closed_and_from_what_has_no_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert answers(f"rtsp://user:secret@127.0.0.1:{port}/x", 1, AbortToken()) is True
    assert answers(f"rtsp://127.0.0.1:{port}/x", 1, AbortToken()) is False
    assert answers("/media/clip.mp4", 1, AbortToken()) is None
    assert answers("demo:", 1, AbortToken()) is None
    assert answers("rtsp://[nonsense", 1, AbortToken()) is None


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
