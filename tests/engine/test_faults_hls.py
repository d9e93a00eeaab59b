"""A live HLS camera: five seconds at once, then nothing for five seconds. It is no stall, and no outage."""

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
import tempfile
import threading
import time

import av
import pytest

from custom_components.cradlewatch.engine.models import Link
from tests.engine.loops import running_loop
from tests.engine.test_faults import viewer_of
from tests.media import Clip, clip

pytestmark = [pytest.mark.timeout(90)]
SEGMENT_S = 5.0


@pytest.fixture(scope="module")
def segments() -> Iterator[list[bytes]]:
    with tempfile.TemporaryDirectory(prefix="cw-") as folder:
        film = clip(Path(folder), ".ts", Clip(seconds=60, gop=15))
        options = {"hls_time": str(SEGMENT_S), "hls_list_size": "0"}
        with av.open(str(film)) as source, av.open(f"{folder}/out.m3u8", "w", format="hls", options=options) as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
        names = [line for line in Path(folder, "out.m3u8").read_text().splitlines() if line.endswith(".ts")]
        yield [Path(folder, name).read_bytes() for name in names]


@pytest.fixture
def camera(segments: list[bytes]) -> Iterator[str]:
    began_s = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Be quiet."""

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            body = _playlist(time.monotonic() - began_s) if name.endswith("m3u8") else segments[int(name[:-3])]
            kind = "application/vnd.apple.mpegurl" if name.endswith("m3u8") else "video/mp2t"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

    def _playlist(live_s: float) -> bytes:
        newest = min(len(segments) - 1, 2 + int(live_s / SEGMENT_S))
        first = max(0, newest - 4)
        head = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:{first}\n"
        return (head + "".join(f"#EXTINF:5.0,\n{index}.ts\n" for index in range(first, newest + 1))).encode()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/live.m3u8"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_segments_arrive_in_real_time(camera: str) -> None:
    with running_loop(camera) as run:
        run.wait_link(Link.LIVE)
        with viewer_of(run) as viewer:
            time.sleep(20)
            shown = list(viewer.times_s)
            gaps = [b - a for a, b in pairwise(shown[30:])]
            assert max(gaps) < 2, "a segment at once and then nothing would be gaps of 5 s"
            assert viewer.damaged == 0
            assert viewer.backward == 0
            assert viewer.ended is None
        figures = run.loop.figures()
        assert 13 <= figures.frame_rate_fps <= 17
        assert figures.reconnects == 0
        assert all(state.link in (Link.CONNECTING, Link.LIVE) for state in run.notes.links)
