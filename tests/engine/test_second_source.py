"""A second, lighter stream for detection: fed from it, and never without eyes where it fails.

Every test runs in `running_loop`, which asserts at its end that the loop stopped within 3 s and left no thread.
"""

from collections.abc import Iterator
from pathlib import Path
import socket
import tempfile
import threading
import time

from PIL import Image
import pytest

from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.settings import LoopSettings, SourceSettings
from tests.engine.loops import Running, own_threads, running_loop
from tests.media import Clip, clip
from tests.servers.http_media import HttpMedia
from tests.servers.rtsp import PCMU, VIDEO, RtspServer, require_rtsp

MAIN = Clip(seconds=4, fps=15, size_wh=(640, 360), gop=15, audio="aac")
SECOND = Clip(seconds=4, fps=10, size_wh=(320, 240), gop=10, audio="libopus")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cw-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def main(folder: Path) -> Path:
    return clip(folder, ".mp4", MAIN)


def files_of(path: Path, **settings: object) -> SourceSettings:
    return SourceSettings(spec=str(path), allowed_folders=(str(path.parent),), pictures_only=True, **settings)


def network(spec: str) -> SourceSettings:
    return SourceSettings(spec=spec, pictures_only=True)


def in_use(run: Running) -> bool:
    return bool(run.loop.details()["second_source_in_use"])


def decoded_within(run: Running, seconds: float) -> int:
    """Packets of the stream of viewers that are decoded in this time."""
    before = int(run.loop.details()["decoded"])
    time.sleep(seconds)
    return int(run.loop.details()["decoded"]) - before


def watched_within(run: Running, seconds: float) -> int:
    before = len(run.senses.frames)
    time.sleep(seconds)
    return len(run.senses.frames) - before


def test_detectors_and_pictures_come_from_it_and_the_main_stream_is_not_decoded(main: Path, folder: Path) -> None:
    second = clip(folder, ".mkv", SECOND)
    with running_loop(str(main), allowed_folders=(str(folder),), detection=files_of(second)) as run:
        run.wait_link(Link.LIVE)
        run.wait(lambda: in_use(run))
        assert decoded_within(run, 2) == 0
        assert watched_within(run, 2) >= 6
        assert run.senses.frames == sorted(run.senses.frames)
        assert run.senses.newest is not None
        assert run.senses.newest.gray.shape == (240, 320)
        assert run.senses.info.size_wh == (320, 240)
        picture = run.loop.picture(1.0)
        assert picture is not None
        assert picture.size_wh == (320, 240)
        assert len(run.loop.pictures_around(picture.at_s, 2)) == 2
        # Sound is the main stream's, and viewers are told of that stream only.
        assert run.senses.sound_samples > 0
        assert {info.size_wh for info in run.notes.infos} == {(640, 360)}
        assert run.loop.figures().second_source == "live"
        assert run.loop.figures().frame_rate_fps > 13


def test_without_one_nothing_is_told_of_one(main: Path, folder: Path) -> None:
    with running_loop(str(main), allowed_folders=(str(folder),)) as run:
        run.wait_link(Link.LIVE)
        assert run.loop.figures().second_source is None
        assert not any(key.startswith("second") for key in run.loop.details())


@pytest.mark.rtsp
@pytest.mark.timeout(120)
def test_when_it_dies_the_main_stream_is_looked_at_until_it_is_back(main: Path, folder: Path) -> None:
    require_rtsp()
    with (
        RtspServer(f"{VIDEO.format(gop=15)} {PCMU}") as server,
        running_loop(str(main), allowed_folders=(str(folder),), detection=network(server.url)) as run,
    ):
        run.wait_link(Link.LIVE)
        run.wait(lambda: in_use(run))
        frames_before = run.loop.figures().frames_total
        server.kill()
        run.wait(lambda: not in_use(run), 10)
        assert run.loop.figures().second_source == "cannot_connect"
        # From the next keyframe of the main stream on, a second at the most here.
        run.wait(lambda: decoded_within(run, 0.2) > 0, 5)
        assert decoded_within(run, 2) >= 20
        assert watched_within(run, 2) >= 6
        server.start()
        run.wait(lambda: in_use(run), 20)
        assert run.loop.figures().second_source == "live"
        assert decoded_within(run, 1) == 0
        details = run.loop.details()
        assert details["second_source_fallbacks"] == 1
        assert details["second_source_reconnects"] >= 1
        # The picture of viewers has not noticed any of it.
        assert run.loop.figures().reconnects == 0
        assert run.notes.generations == 0
        assert run.loop.figures().frames_total - frames_before > 70
        assert [state.link for state in run.notes.links] == [Link.CONNECTING, Link.LIVE] or [
            state.link for state in run.notes.links
        ] == [Link.LIVE]


@pytest.mark.rtsp
@pytest.mark.timeout(120)
def test_when_it_freezes_the_main_stream_is_looked_at_within_seconds(main: Path, folder: Path) -> None:
    require_rtsp()
    with (
        RtspServer() as server,
        running_loop(str(main), allowed_folders=(str(folder),), detection=network(server.url)) as run,
    ):
        run.wait_link(Link.LIVE)
        run.wait(lambda: in_use(run))
        server.freeze()
        frozen_s = time.monotonic()
        run.wait(lambda: not in_use(run), 10)
        assert time.monotonic() - frozen_s < 6
        assert run.loop.figures().second_source in ("no_picture", "timeout")
        assert watched_within(run, 2) >= 6
        server.thaw()
        run.wait(lambda: in_use(run), 30)


def test_mjpeg_is_decoded_not_encoded(main: Path, folder: Path) -> None:
    pictures = folder / "stills"
    pictures.mkdir(exist_ok=True)
    for index in range(4):
        Image.new("RGB", (352, 288), (40 * index, 90, 90)).save(pictures / f"{index}.jpg")
    with HttpMedia(folder) as server:
        detection = network(server.url("mjpeg/stills"))
        with running_loop(str(main), allowed_folders=(str(folder),), detection=detection) as run:
            run.wait_link(Link.LIVE)
            run.wait(lambda: in_use(run))
            assert watched_within(run, 2) >= 6
            assert run.senses.info.size_wh == (352, 288)
            assert run.senses.info.encoder is None
        assert run.loop.details()["encoding_core_percent"] is None


def test_wrong_login_is_told_and_the_main_stream_is_looked_at(main: Path, folder: Path) -> None:
    with HttpMedia(folder) as server:
        detection = network(server.url("401", login=("parent", "hunter2")))
        with running_loop(str(main), allowed_folders=(str(folder),), detection=detection) as run:
            run.wait_link(Link.LIVE)
            run.wait(lambda: run.loop.figures().second_source == "invalid_auth")
            assert watched_within(run, 2) >= 6
            assert "hunter2" not in repr(run.loop.details())


def test_privacy_ends_both_and_both_come_back(main: Path, folder: Path) -> None:
    second = clip(folder, ".mkv", SECOND)
    with running_loop(str(main), allowed_folders=(str(folder),), detection=files_of(second)) as run:
        run.wait_link(Link.LIVE)
        run.wait(lambda: in_use(run))
        run.loop.set_privacy(True)
        run.wait_link(Link.PRIVACY, 3)
        time.sleep(0.2)
        decoded = run.loop.details()["second_source_decoded"]
        assert watched_within(run, 1) == 0
        assert run.loop.picture(60) is None
        assert run.loop.details()["second_source_decoded"] == decoded
        run.loop.set_privacy(False)
        run.wait_link(Link.LIVE, 3)
        run.wait(lambda: in_use(run), 3)
        run.wait(lambda: run.loop.picture(1.0), 3)


def test_what_it_shows_counts_for_nothing_while_the_camera_is_lost(folder: Path) -> None:
    second = clip(folder, ".mkv", SECOND)
    settings = LoopSettings(lost_after_s=5)
    with running_loop("rtsp://127.0.0.1:9/x", detection=files_of(second), settings=settings) as run:
        run.wait_link(Link.LOST, 12)
        assert int(run.loop.details()["second_source_decoded"]) > 0
        assert run.senses.frames == []
        assert run.loop.picture(60) is None


def test_stop_while_it_waits_for_a_camera_that_says_nothing(main: Path, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        detection = network(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/live")
        with running_loop(str(main), allowed_folders=(str(folder),), detection=detection) as run:
            run.wait_link(Link.LIVE)
            assert watched_within(run, 2) >= 6
            assert run.loop.figures().second_source == "connecting"


def test_a_fault_of_its_own_ends_neither_it_nor_the_picture(
    main: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from custom_components.cradlewatch.engine import detection_source

    opened = detection_source.open_source
    calls: list[str] = []

    def broken_once(settings: SourceSettings, abort: object) -> object:
        calls.append(settings.spec)
        if len(calls) == 1:
            raise RuntimeError("a fault")
        return opened(settings, abort)  # type: ignore[arg-type]

    monkeypatch.setattr(detection_source, "open_source", broken_once)
    second = clip(folder, ".mkv", SECOND)
    with running_loop(str(main), allowed_folders=(str(folder),), detection=files_of(second)) as run:
        run.wait_link(Link.LIVE)
        run.wait(lambda: in_use(run))
        assert "The second source failed" in caplog.text


def test_its_thread_is_its_own(main: Path, folder: Path) -> None:
    second = clip(folder, ".mkv", SECOND)
    settings = LoopSettings()
    with running_loop(str(main), allowed_folders=(str(folder),), settings=settings, detection=files_of(second)) as run:
        run.wait(lambda: in_use(run))
        assert "cradlewatch-test-detect" in own_threads("cradlewatch-test")
        assert threading.active_count() < 12
