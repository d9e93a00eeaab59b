"""A stream that is spoilt on its way to us: viewers go on, and nothing of it reaches them as a fault of ours."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
import tempfile
import time

import pytest

from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.settings import LoopSettings
from tests.engine.loops import Running, running_loop
from tests.engine.test_faults import viewer_of
from tests.media import Clip, clip, joined
from tests.servers.tampered import Spoil, TamperedCamera, bits_turned, clock_set, keep, lost, without_sound

pytestmark = [pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def film() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cw-") as folder:
        yield clip(Path(folder), ".ts", Clip(seconds=40, gop=15, audio="aac"))


HOUR_S = 3600.0


def test_clock_set_by_an_hour(film: Path) -> None:
    """Forward and back, beside each other. 33 bits wrap: an hour back from the start of a file is a step back too."""
    ways = {"forward": HOUR_S, "back": -HOUR_S}
    with spoilt_beside_each_other(film, {way: clock_set(at_s=6, by_s=by_s) for way, by_s in ways.items()}) as runs:
        for run in runs:
            run.wait_link(Link.LIVE)
        with ExitStack() as stack:
            viewers = [stack.enter_context(viewer_of(run)) for run in runs]
            for run in runs:
                run.wait(lambda run=run: run.loop.details()["clock_jumps"] >= 1, 12)
            assert all(viewer.gets_picture_within(1) for viewer in viewers)
            time.sleep(4)
            for viewer in viewers:
                assert viewer.gets_picture_within(1)
                assert viewer.backward == 0
                assert viewer.ended is None
                gaps = [b - a for a, b in pairwise(viewer.times_s)]
                assert max(gaps) < 2, "no hole where the clock jumped"
        for run in runs:
            assert run.notes.generations == 0
            assert run.loop.figures().reconnects == 0
            assert all(state.link in (Link.CONNECTING, Link.LIVE) for state in run.notes.links)


def test_damaged_on_the_way(film: Path) -> None:
    """Bits turned in one packet of a hundred, and one of two hundred lost, beside each other."""
    with spoilt_beside_each_other(film, {"bits": bits_turned(share=0.01), "lost": lost(share=0.005)}) as runs:
        for run in runs:
            run.wait_link(Link.LIVE)
        with ExitStack() as stack:
            viewers = [stack.enter_context(viewer_of(run)) for run in runs]
            time.sleep(12)
            for run, viewer in zip(runs, viewers, strict=True):
                assert viewer.gets_picture_within(3)
                assert viewer.ended is None or run.notes.generations > 0, "only new parameters may end a viewer"
                assert viewer.backward == 0
        for run in runs:
            run.wait_link(Link.LIVE)
            assert len(run.senses.frames) > 30
            assert run.loop.figures().frames_total > 100


@contextmanager
def spoilt_beside_each_other(film: Path, spoils: dict[str, Spoil]) -> Iterator[list[Running]]:
    """A camera and its loop for each way of spoiling."""
    with ExitStack() as stack:
        cameras = {
            name: stack.enter_context(TamperedCamera(film, lambda spoil=spoil: spoil)) for name, spoil in spoils.items()
        }
        yield [
            stack.enter_context(running_loop(camera.url, name=f"cradlewatch-{name}"))
            for name, camera in cameras.items()
        ]


def test_another_size_and_another_codec_while_the_connection_stays(tmp_path: Path) -> None:
    began = Clip(seconds=4, gop=15, size_wh=(320, 240))
    goes_on = {"seconds": 30, "gop": 15, "begins": 4 * 15, "first_number": 1000}
    larger = Clip(**goes_on, size_wh=(480, 360))
    other = Clip(**goes_on, size_wh=(320, 240), codec="libx265")
    films = [
        joined(tmp_path / f"{name}.ts", clip(tmp_path, ".ts", began), clip(tmp_path, ".ts", after))
        for name, after in (("size", larger), ("codec", other))
    ]
    with (
        TamperedCamera(films[0], lambda: keep, live=True) as one,
        TamperedCamera(films[1], lambda: keep, live=True) as two,
        running_loop(one.url, name="cradlewatch-one") as sized,
        running_loop(two.url, name="cradlewatch-two") as coded,
    ):
        for run in (sized, coded):
            run.wait_link(Link.LIVE)
        with viewer_of(sized) as first, viewer_of(coded) as second:
            for run, viewer in ((sized, first), (coded, second)):
                run.wait(lambda run=run: run.notes.generations == 1, 12)
                # Let go at once, so that Home Assistant opens the stream anew.
                run.wait(lambda viewer=viewer: viewer.ended is not None, 5)
                # FFmpeg glues the first picture of another codec to the last one of the old.
                assert viewer.damaged <= 1, "what is new does not reach who reads by the old header"
        for run, size_wh, codec in ((sized, (480, 360), "h264"), (coded, (320, 240), "hevc")):
            run.wait_link(Link.LIVE, 5)
            assert run.loop.info is not None
            assert (run.loop.info.size_wh, run.loop.info.video_codec) == (size_wh, codec)
            with viewer_of(run) as viewer:
                assert viewer.damaged == 0
                assert viewer.gets_picture_within(1)
            run.wait(lambda run=run, size_wh=size_wh: (found := run.loop.picture(1.0)) and found.size_wh == size_wh, 5)
            assert all(state.link in (Link.CONNECTING, Link.LIVE) for state in run.notes.links), run.notes.links


def test_sound_that_stops_in_mid_stream_leaves_the_picture(film: Path) -> None:
    with TamperedCamera(film, lambda: without_sound(from_s=5)) as camera, running_loop(camera.url) as run:
        run.wait_link(Link.LIVE)
        with viewer_of(run) as viewer:
            time.sleep(8)
            heard = run.senses.sound_samples
            shown = len(viewer.times_s)
            time.sleep(3)
            assert run.senses.sound_samples == heard > 0
            assert len(viewer.times_s) - shown > 30, "15 fps"
            assert viewer.ended is None
            assert viewer.damaged == 0


def test_two_hundred_viewers_and_one_that_never_reads(film: Path) -> None:
    import socket
    import threading

    with TamperedCamera(film, lambda: keep) as camera, running_loop(camera.url) as run:
        run.wait_link(Link.LIVE)
        run.wait(lambda: run.loop.details()["ring_bytes"])
        with viewer_of(run) as viewer, socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(run.socket_path))
            threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
            frames = run.loop.figures().frames_total
            began_s = time.monotonic()
            for _ in range(200):
                with socket.socket(socket.AF_UNIX) as guest:
                    guest.connect(str(run.socket_path))
                    assert guest.recv(188)[:1] == b"\x47"
            run.wait(lambda: run.loop.figures().viewers <= 2, 5)
            time.sleep(2)
            assert threading.active_count() == threads
            assert abs(len(list(Path("/proc/self/fd").iterdir())) - files) <= 1
            rate = (run.loop.figures().frames_total - frames) / (time.monotonic() - began_s)
            assert 13 < rate < 17
            assert viewer.ended is None
            assert viewer.damaged == 0


@pytest.mark.parametrize("when", ["opening", "live"])
def test_stop_and_privacy_at_any_moment(film: Path, when: str) -> None:
    with TamperedCamera(film, lambda: keep) as camera, running_loop(camera.url) as run:
        if when == "live":
            run.wait_link(Link.LIVE)
        run.loop.set_privacy(True)
        run.wait_link(Link.PRIVACY, 3)
        run.loop.set_privacy(False)
        run.wait_link(Link.LIVE, 3)
        run.wait(lambda: run.loop.picture(1.0), 3)
        run.loop.set_privacy(True)
        began_s = time.monotonic()
        run.loop.stop()
        run.wait_link(Link.STOPPED, 3)
        assert time.monotonic() - began_s < 3


def test_stop_while_a_rare_keyframe_is_waited_for(tmp_path: Path) -> None:
    film = clip(tmp_path, ".ts", Clip(seconds=30, fps=10, gop=300, size_wh=(320, 240)))
    with TamperedCamera(film, lambda: keep, live=True) as camera:
        time.sleep(0.5)  # its only keyframe is over
        with running_loop(camera.url) as run:
            # The usual three seconds are over, and it has come once more to stay.
            run.wait(lambda: camera.connections == 2)
            time.sleep(1)
            assert run.loop.link.link is Link.CONNECTING
            began_s = time.monotonic()
            run.loop.stop()
            run.wait_link(Link.STOPPED, 3)
            assert time.monotonic() - began_s < 3


def test_privacy_during_an_outage() -> None:
    with running_loop("http://127.0.0.1:9/live.ts", settings=LoopSettings(lost_after_s=5)) as run:
        time.sleep(3)
        run.loop.set_privacy(True)
        run.wait_link(Link.PRIVACY, 3)
        time.sleep(1)
        assert run.loop.link.link is Link.PRIVACY
        run.loop.set_privacy(False)
        run.wait_link(Link.LOST, 13)
