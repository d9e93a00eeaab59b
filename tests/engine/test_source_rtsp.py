"""Cameras over RTSP, against a server that is not ours."""

import logging
from pathlib import Path
import time
import traceback

import av.logging
from av.video.frame import VideoFrame
import pytest

from custom_components.cradlewatch.engine.errors import SourceEndedError, SourceError, SourceProblem
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.engine.source.open import open_source
from custom_components.cradlewatch.engine.source.probe import probe_source
from custom_components.cradlewatch.engine.source.types import AbortToken
from tests.engine.sources import aborted_after, items_until_error, opened, video_items
from tests.servers.rtsp import AAC, H265, MJPEG, OPUS, PCMU, VIDEO, RtspServer, require_rtsp
from tests.servers.tls import self_signed

pytestmark = pytest.mark.rtsp
PASSWORD = "Gr1bbel#wort"
QUOTED = "Gr1bbel%23wort"


@pytest.fixture(autouse=True, scope="module")
def _server_is_there() -> None:
    require_rtsp()


@pytest.mark.parametrize("transport", ["tcp", "udp", "auto"])
def test_first_pictures(transport: str) -> None:
    with RtspServer(f"{VIDEO.format(gop=15)} {AAC}") as server, opened(server.url, rtsp_transport=transport) as source:
        assert source.info.size_wh == (640, 360)
        assert source.info.audio_codec == "aac"
        items = video_items(source, 20)
        assert items[0].is_key
        assert all(item.packet.dts is not None for item in items)
        decoded = [frame for item in items for frame in item.packet.decode() if isinstance(frame, VideoFrame)]
        assert len(decoded) >= 18


def test_auto_falls_back_to_udp() -> None:
    with RtspServer(udp_only=True) as server:
        with opened(server.url) as source:
            assert len(video_items(source, 10)) == 10
        with pytest.raises(SourceError):
            open_source(SourceSettings(spec=server.url, rtsp_transport="tcp"), AbortToken())


@pytest.mark.parametrize(
    ("launch", "video", "audio", "encoded"),
    [
        (f"{VIDEO.format(gop=15)} {PCMU}", "h264", "aac", False),
        (f"{VIDEO.format(gop=15)} {OPUS}", "h264", "aac", False),
        (H265, "hevc", None, False),
        (MJPEG, "h264", None, True),
    ],
    ids=["pcmu", "opus", "hevc", "mjpeg"],
)
def test_codecs(launch: str, video: str, audio: str | None, encoded: bool) -> None:
    with RtspServer(launch) as server, opened(server.url, rtsp_transport="tcp") as source:
        info = source.info
        assert (info.video_codec, info.audio_codec, info.encoder is not None) == (video, audio, encoded)
        kinds = set()
        for count, item in enumerate(source.items()):
            kinds.add(item.stream.type)
            assert item.packet.dts is not None
            if count > 40:
                break
        assert kinds == ({"video", "audio"} if audio else {"video"})


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_login(auth: str) -> None:
    with RtspServer(user="baby", password=PASSWORD, auth=auth) as server:
        result = probe_source(SourceSettings(spec=server.url_with("baby", QUOTED)))
        assert result.picture.jpeg[:2] == b"\xff\xd8"
        for spec in (server.url, server.url_with("baby", "wrong-one")):
            with pytest.raises(SourceError) as caught:
                probe_source(SourceSettings(spec=spec))
            assert caught.value.problem is SourceProblem.INVALID_AUTH


def test_own_certificate_of_a_camera_is_refused_unless_told_not_to_check(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    with RtspServer(certificate=both) as server:
        assert server.url.startswith("rtsps://")
        with pytest.raises(SourceError) as caught:
            open_source(SourceSettings(spec=server.url), AbortToken())
        assert caught.value.problem is SourceProblem.CANNOT_CONNECT
        with opened(server.url, verify_tls=False) as source:
            assert len(video_items(source, 10)) == 10


def test_wrong_path_and_nobody_there() -> None:
    with RtspServer() as server:
        with pytest.raises(SourceError) as caught:
            probe_source(SourceSettings(spec=f"rtsp://127.0.0.1:{server.port}/other"))
        assert caught.value.problem is SourceProblem.CANNOT_CONNECT
        server.kill()
        with pytest.raises(SourceError) as caught:
            probe_source(SourceSettings(spec=server.url))
        assert caught.value.problem is SourceProblem.CANNOT_CONNECT


def test_abort_ends_a_blocked_open_at_once() -> None:
    with RtspServer() as server:
        server.freeze()
        abort = AbortToken()
        started_s = time.monotonic()
        with aborted_after(abort, 0.5), pytest.raises(SourceError):
            open_source(SourceSettings(spec=server.url), abort)
        assert time.monotonic() - started_s < 2.0, "its own limit would be 10 s"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_abort_ends_a_blocked_read_at_once(transport: str) -> None:
    with RtspServer() as server:
        abort = AbortToken()
        with opened(server.url, abort, rtsp_transport=transport, read_timeout_s=20) as source:
            video_items(source, 3)
            server.freeze()
            with aborted_after(abort, 1.0):
                started_s = time.monotonic()
                _, error = items_until_error(source)
            assert time.monotonic() - started_s < 3.0
            assert isinstance(error, SourceEndedError)


def test_abort_of_one_spares_the_other() -> None:
    with RtspServer() as server:
        abort = AbortToken()
        with (
            opened(server.url, rtsp_transport="tcp") as other,
            opened(server.url, abort, rtsp_transport="tcp") as source,
        ):
            video_items(source, 2)
            with aborted_after(abort, 0.2):
                items_until_error(source)
            assert len(video_items(other, 20)) == 20


def test_frozen_camera_is_a_timeout() -> None:
    with RtspServer() as server, opened(server.url, rtsp_transport="tcp", read_timeout_s=1) as source:
        video_items(source, 3)
        server.freeze()
        _, error = items_until_error(source)
        assert error.problem is SourceProblem.TIMEOUT


def test_killed_camera_ends_and_comes_back_on_its_port() -> None:
    with RtspServer() as server:
        with opened(server.url, rtsp_transport="tcp") as source:
            video_items(source, 3)
            server.kill()
            _, error = items_until_error(source)
            assert isinstance(error, SourceEndedError)
        server.start()
        with opened(server.url, rtsp_transport="tcp") as source:
            assert video_items(source, 3)[0].is_key


@pytest.mark.parametrize("level", [None, av.logging.FATAL, av.logging.VERBOSE])
def test_no_password_in_errors_or_logs(
    level: int | None, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("libav").setLevel(logging.DEBUG)
    before = av.logging.get_level()
    av.logging.set_level(level)
    try:
        with RtspServer(user="baby", password="other", auth="digest") as server:
            texts = [_failure(server.url_with("baby", QUOTED))]
            server.kill()
            texts.append(_failure(server.url_with("baby", QUOTED)))
        texts.append(_failure(f"http://baby:{QUOTED}@127.0.0.1:9/x?token={QUOTED}"))
    finally:
        av.logging.set_level(before)
    out, err = capfd.readouterr()
    everything = "\n".join([*texts, caplog.text, out, err, *(record.getMessage() for record in caplog.records)])
    assert PASSWORD not in everything
    assert QUOTED not in everything
    assert "invalid_auth" in everything, "the failures were looked at"


def _failure(spec: str) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(SourceSettings(spec=spec), AbortToken())
    error = caught.value
    assert error.__context__ is None
    assert error.__cause__ is None
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The first frame is this test's own, which knows the address.
    ours = [line for frame in list(frames.stack)[1:] for line in (frame.name, str(frame.locals))]
    return "\n".join([str(error), repr(error), repr(error.args), *ours])
