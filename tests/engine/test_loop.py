"""The frame loop on real files in real time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
import io
from itertools import pairwise
from pathlib import Path
import socket
import subprocess
import tempfile
import threading
import time
import weakref

import av
import numpy as np
from PIL import Image
import pytest

from custom_components.cradlewatch.engine.errors import RelayError
from custom_components.cradlewatch.engine.loop import CameraLoop
from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.relay import RelayServer
from custom_components.cradlewatch.engine.settings import LoopSettings, SourceSettings
from tests.codecs import no_collection, open_codecs
from tests.engine.loops import CountingSenses, Notes, open_files, running_loop, soon
from tests.engine.test_muxer_relay import make_file
from tests.media import Clip as FilmSpec, clip as film

# When a loss is told is tested with a clock of its own, in test_link.
SOON_LOST = LoopSettings(lost_after_s=5)


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
                # Six seconds of 30 pictures, wherever in them the viewer came.
                if frames > 200:
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


@pytest.mark.parametrize(("codec", "audio"), [("libx264", "aac"), ("mpeg4", "pcm_s16le"), ("mjpeg", None)])
def test_no_codec_keeps_pictures_or_sound_in_privacy_or_after_the_end(
    tmp_path: Path, codec: str, audio: str | None
) -> None:
    """A loop that ended lies there until Python collects it, which in a large home is seldom: what it holds stays."""
    clip = film(tmp_path, ".mkv", FilmSpec(codec=codec, audio=audio, seconds=8))
    with no_collection() as before:
        with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
            run.wait(lambda: run.loop.picture(1.0))
            assert open_codecs() > before
            run.loop.set_privacy(True)
            run.wait_link(Link.PRIVACY, 3)
            run.wait(lambda: open_codecs() == before, 3)
            run.loop.set_privacy(False)
            run.wait(lambda: run.loop.picture(1.0))
        assert open_codecs() == before


def test_a_loop_that_ended_goes_by_itself(clip: Path) -> None:
    """Its detectors, ring and sockets with it, without waiting for Python's full collection."""

    def one() -> weakref.ref[CameraLoop]:
        with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
            run.wait_link(Link.LIVE)
            return weakref.ref(run.loop)

    with no_collection():
        assert one()() is None


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
    with running_loop("rtsp://user:hunter2secret@127.0.0.1:9/x", settings=SOON_LOST) as run:
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


def test_a_relay_that_broke_ends_the_loop_so_that_another_is_begun(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that looks live while its viewers get nothing is the worst of all."""

    def break_down(_relay: RelayServer, _viewer: object) -> None:
        raise KeyError("a fault that nobody thought of")

    monkeypatch.setattr(RelayServer, "_feed", break_down)
    files = open_files()
    with tempfile.TemporaryDirectory(prefix="cw-") as folder, ThreadPoolExecutor(1) as executor:
        notes, path = Notes(), Path(folder) / "r.sock"
        source = SourceSettings(spec=str(clip), allowed_folders=(str(clip.parent),))
        loop = CameraLoop(source, LoopSettings(), CountingSenses(), notes, relay_path=path, name="cradlewatch-broken")
        ended = executor.submit(loop.run)
        assert soon(lambda: loop.link.link is Link.LIVE, 15)
        with socket.socket(socket.AF_UNIX) as viewer:
            viewer.connect(str(path))
            assert isinstance(ended.exception(10), RelayError)
            assert notes.links[-1].link is Link.STOPPED
            viewer.settimeout(5)
            assert viewer.recv(1) == b"", "who watched is told, not left to wait"
    assert soon(lambda: open_files() <= files)


def test_stop_while_waiting_to_reconnect_is_quick() -> None:
    with running_loop("rtsp://127.0.0.1:9/x") as run:
        time.sleep(2)
        began_s = time.monotonic()
        run.loop.stop()
    assert time.monotonic() - began_s < 3


@pytest.mark.parametrize(("rotation_deg", "turns"), [(90, -1), (180, 2), (270, 1)])
def test_a_camera_that_hangs_sideways_is_turned(clip: Path, rotation_deg: int, turns: int) -> None:
    def seen(rotation: int) -> tuple[np.ndarray, np.ndarray]:
        # One picture for ever: the first of the clip.
        with running_loop(str(still), allowed_folders=(str(clip.parent),), rotation_deg=rotation) as run:
            run.wait(lambda: run.senses.newest is not None and run.loop.picture(2.0) is not None)
            picture = run.loop.picture(5.0)
            assert picture is not None
            assert run.senses.newest is not None
            with Image.open(io.BytesIO(picture.jpeg)) as image:
                assert image.size == picture.size_wh
                return np.asarray(image.convert("L")).astype(int), run.senses.newest.gray.astype(int)

    still = clip.parent / "still.mp4"
    if not still.exists():
        make_still(still)
    upright, small = seen(0)
    turned, small_turned = seen(rotation_deg)
    assert turned.shape == np.rot90(upright, turns).shape
    assert np.abs(turned - np.rot90(upright, turns)).mean() < 3
    # The detectors see it upright too; of a turned picture in the same width.
    quarter = rotation_deg in (90, 270)
    assert small_turned.shape == ((320, 180) if quarter else (180, 320))
    assert np.abs(small_turned - np.rot90(small, turns)).mean() < 3


@pytest.mark.parametrize("rotation_deg", [90, 180, 270])
def test_a_clip_is_turned_by_whoever_plays_it(clip: Path, rotation_deg: int, tmp_path: Path) -> None:
    still = clip.parent / "still.mp4"
    if not still.exists():
        make_still(still)
    with running_loop(str(still), allowed_folders=(str(clip.parent),), rotation_deg=rotation_deg) as run:
        run.wait(lambda: run.loop.picture(2.0) is not None)
        picture = run.loop.picture(5.0)
        handle = run.loop.start_clip(tmp_path / "clip.mp4", 1.0)
        handle.finish(0)
        made = handle.result.result(5)
    shown = tmp_path / "shown.png"
    # FFmpeg's own program turns as a browser does.
    subprocess.run(["ffmpeg", "-v", "error", "-i", made.path, "-frames:v", "1", shown], check=True, timeout=20)
    assert picture is not None
    with Image.open(io.BytesIO(picture.jpeg)) as upright, Image.open(shown) as played:
        assert played.size == upright.size
        difference = np.asarray(played.convert("L")).astype(int) - np.asarray(upright.convert("L"))
    assert np.abs(difference).mean() < 4


def make_still(path: Path) -> None:
    """Bright above, with a mark on the left."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=15, options={"preset": "ultrafast", "g": "15"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for _ in range(45):
            image = np.full((180, 320, 3), 60, np.uint8)
            image[:60] = 200
            image[90:120, 20:60] = 240
            output.mux(video.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        output.mux(video.encode())


def test_irregular_times_reach_the_viewer_as_they_are(clip: Path) -> None:
    # A camera that sends fewer pictures in the dark: 33, 66, 200 ms in turns.
    steps = [1, 2, 6, 1, 1, 3]
    path = clip.parent / "vfr.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=30, options={"preset": "ultrafast", "tune": "zerolatency", "g": "12"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        pts = 0
        for index in range(120):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 40 + index, np.uint8), "rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 30)
            pts += steps[index % len(steps)]
            output.mux(video.encode(frame))
        output.mux(video.encode())
    with running_loop(str(path), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        times: list[float] = []
        with av.open(f"unix://{run.socket_path}", timeout=5) as viewer:
            for packet in viewer.demux(video=0):
                if packet.dts is not None and packet.time_base is not None:
                    times.append(float(packet.dts * packet.time_base))
                if len(times) > 40:
                    break
        gaps = [round(30 * (after - before)) for before, after in pairwise(times)]
        assert any(gaps[at : at + 12] == 2 * steps for at in range(len(gaps) - 12)), gaps
        assert run.loop.details()["clock_jumps"] == 0


def test_what_encoding_costs_is_told_and_only_where_we_encode(clip: Path) -> None:
    path = film(clip.parent, ".avi", FilmSpec(codec="mjpeg", seconds=3))
    with running_loop(str(path), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        assert run.loop.info is not None
        assert run.loop.info.encoder
        run.wait(lambda: (run.loop.details()["encoding_core_percent"] or 0) > 0)
    with running_loop(str(clip), allowed_folders=(str(clip.parent),)) as run:
        run.wait_link(Link.LIVE)
        assert run.loop.details()["encoding_core_percent"] is None
