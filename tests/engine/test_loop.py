"""The frame loop on real files in real time."""

from collections.abc import Iterator
from pathlib import Path
import tempfile
import threading
import time

import av
import pytest

from custom_components.cradlewatch.engine.models import Link
from tests.engine.loops import running_loop
from tests.engine.test_muxer_relay import make_file


@pytest.fixture(scope="module")
def clip() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cw-") as folder:
        path = Path(folder) / "clip.mp4"
        make_file(path, seconds=6, gop=30)
        yield path


def test_live_picture_sound_and_figures(clip: Path) -> None:
    with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        began_s = time.monotonic()
        time.sleep(4)
        figures = run.loop.figures()
        seconds = time.monotonic() - began_s
        assert 27 <= figures.frame_rate_fps <= 33
        assert 4 <= len(run.senses.frames) / seconds <= 6.5
        assert run.senses.sound_samples > 16_000
        assert run.senses.newest is not None
        assert run.senses.newest.gray.shape == (180, 320)
        assert len(run.notes.readings) >= 3
        picture = run.loop.picture(1.0, 160)
        assert picture is not None
        assert picture.jpeg[:2] == b"\xff\xd8"
        assert picture.size_wh == (160, 90)
        around = run.loop.pictures_around(picture.at_s - 1, 3)
        assert [part.at_s for part in around] == sorted(part.at_s for part in around)
        assert len(around) == 3


def test_viewer_reads_across_the_loop_of_the_file(clip: Path) -> None:
    with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        with av.open(f"unix://{run.socket_path}", timeout=5) as viewer:
            last = None
            frames = 0
            for packet in viewer.demux(video=0):
                assert packet.dts is not None
                assert last is None or packet.dts > last
                last = packet.dts
                frames += len(packet.decode())
                if frames > 300:
                    break


def test_privacy_forgets_and_comes_back(clip: Path) -> None:
    with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        run.wait(lambda: run.loop.picture(1.0))
        run.loop.set_privacy(True)
        run.wait_link(Link.PRIVACY, 3)
        assert run.loop.picture(60) is None
        assert run.loop.pictures_around(time.monotonic()) == ()
        assert run.loop.details()["ring_bytes"] == 0
        assert run.senses.resets == 1
        run.loop.set_privacy(False)
        run.wait_link(Link.LIVE, 3)
        run.wait(lambda: run.loop.picture(1.0), 3)


def test_privacy_for_a_moment_is_privacy_all_the_same(clip: Path) -> None:
    with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        run.wait(lambda: run.loop.picture(1.0))
        began_s = time.monotonic()
        run.loop.set_privacy(True)
        run.loop.set_privacy(False)
        run.wait(lambda: run.senses.resets == 1, 3)
        run.wait_link(Link.LIVE, 3)
        # The home was told that nothing is known; so it must be told that something is known again.
        links = [state.link for state in run.notes.links if state.since_s >= began_s]
        assert links == [Link.PRIVACY, Link.CONNECTING, Link.LIVE]


def test_source_that_is_not_there_is_lost_and_comes_by_another_address(clip: Path) -> None:
    with running_loop("rtsp://user:hunter2secret@127.0.0.1:9/x") as run:
        run.wait_link(Link.LOST, 12)
        assert run.loop.link.reason == "cannot_connect"
        assert "hunter2" not in repr(run.notes.links)


def test_the_loop_ends_before_who_stops_it_goes_on(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = threading.Thread.start

    def late(thread: threading.Thread) -> None:
        if thread.name.endswith("-abort"):
            time.sleep(0.5)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", late)
    # Nothing of it may be left: no thread, no socket.
    with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)


def test_stop_while_waiting_to_reconnect_is_quick() -> None:
    with running_loop("rtsp://127.0.0.1:9/x") as run:
        time.sleep(2)
        began_s = time.monotonic()
        run.loop.stop()
    assert time.monotonic() - began_s < 3
