"""Cameras over HTTP: TS, HLS, MJPEG, and what can go wrong."""

from pathlib import Path
import socket
import ssl
import threading
import time

import av
import pytest

from custom_components.cradlewatch.engine.errors import SourceError, SourceProblem
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.engine.source.open import open_source
from custom_components.cradlewatch.engine.source.probe import probe_source
from custom_components.cradlewatch.engine.source.resolve import abandoned_lookups
from custom_components.cradlewatch.engine.source.types import AbortToken
from tests.engine.sources import aborted_after, items_until_error, opened, video_items
from tests.media import Clip, write_clip
from tests.servers.http_media import HttpMedia
from tests.servers.tls import self_signed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("http")
    write_clip(made / "clip.ts", Clip(seconds=4, audio="aac"))
    (made / "list.m3u8").write_text(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXTINF:4.0,\nclip.ts\n#EXTINF:4.0,\nclip.ts\n#EXT-X-ENDLIST\n"
    )
    (made / "evil.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nfile://{made / 'clip.ts'}\n#EXT-X-ENDLIST\n"
    )
    (made / "jpegs").mkdir()
    with av.open(str(made / "clip.ts")) as container:
        for index, frame in zip(range(10), container.decode(video=0), strict=False):
            frame.to_image().save(made / "jpegs" / f"{index:03}.jpg")
    return made


@pytest.mark.parametrize(
    ("path", "encoded", "audio"),
    [("live/clip.ts", False, "aac"), ("files/list.m3u8", False, "aac"), ("mjpeg/jpegs", True, None)],
)
def test_plays(folder: Path, path: str, encoded: bool, audio: str | None) -> None:
    with HttpMedia(folder) as server, opened(server.url(path)) as source:
        assert source.info.size_wh == (640, 360)
        assert source.info.audio_codec == audio
        assert (source.info.encoder is not None) is encoded
        items = video_items(source, 12)
        assert items[0].is_key
        times = [item.packet.dts for item in items if item.packet.dts is not None]
        assert times == sorted(set(times))
        assert len(times) == 12


def test_login(folder: Path) -> None:
    with HttpMedia(folder) as server:
        url = server.url("login/clip.ts", server.login)
        assert probe_source(SourceSettings(spec=url)).info.video_codec == "h264"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("401", SourceProblem.INVALID_AUTH),
        ("403", SourceProblem.INVALID_AUTH),
        ("login/clip.ts", SourceProblem.INVALID_AUTH),
        ("404", SourceProblem.CANNOT_CONNECT),
        ("html", SourceProblem.UNSUPPORTED_SOURCE),
        ("hang", SourceProblem.TIMEOUT),
        ("files/evil.m3u8", SourceProblem.UNSUPPORTED_SOURCE),
    ],
)
def test_failures_have_their_key(folder: Path, path: str, problem: SourceProblem) -> None:
    with HttpMedia(folder) as server, pytest.raises(SourceError) as caught:
        probe_source(SourceSettings(spec=server.url(path), open_timeout_s=1.5))
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("http://127.0.0.1:1/x", SourceProblem.CANNOT_CONNECT),
        ("rtsp://", SourceProblem.UNSUPPORTED_SOURCE),
        ("rtsp://host:99999/x", SourceProblem.UNSUPPORTED_SOURCE),
        ("gopher://host/x", SourceProblem.UNSUPPORTED_SOURCE),
    ],
)
def test_nobody_there(spec: str, problem: SourceProblem) -> None:
    with pytest.raises(SourceError) as caught:
        probe_source(SourceSettings(spec=spec, open_timeout_s=5))
    assert caught.value.problem is problem


def test_tls_is_verified_unless_told_not_to(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, private = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    with HttpMedia(folder, tls=context) as server:
        spec = server.url("files/clip.ts")
        with pytest.raises(SourceError) as caught:
            probe_source(SourceSettings(spec=spec, open_timeout_s=5))
        assert caught.value.problem is SourceProblem.CANNOT_CONNECT
        assert probe_source(SourceSettings(spec=spec, verify_tls=False)).info.video_codec == "h264"
        # An authority that the system trusts is believed.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert probe_source(SourceSettings(spec=spec)).info.video_codec == "h264"


def test_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SourceError) as caught:
        probe_source(SourceSettings(spec="http://nursery.invalid/x"))
    assert caught.value.problem is SourceProblem.CANNOT_CONNECT


def test_hanging_name_lookup_has_a_limit_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        done.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    before = abandoned_lookups()
    abort = AbortToken()
    started_s = time.monotonic()
    with pytest.raises(SourceError) as late:
        open_source(SourceSettings(spec="rtsp://nursery.invalid/x", open_timeout_s=1), abort)
    with aborted_after(abort, 0.2), pytest.raises(SourceError) as stopped:
        open_source(SourceSettings(spec="rtsp://nursery.invalid/x", open_timeout_s=60), abort)
    assert time.monotonic() - started_s < 5
    assert late.value.problem is SourceProblem.TIMEOUT
    assert stopped.value.problem is SourceProblem.CANNOT_CONNECT
    assert abandoned_lookups() == before + 2
    done.set()
    for thread in threading.enumerate():
        if thread.name == "cradlewatch-resolve":
            thread.join(timeout=5)


def test_abort_ends_a_hanging_open(folder: Path) -> None:
    abort = AbortToken()
    with HttpMedia(folder) as server, aborted_after(abort, 0.4):
        started_s = time.monotonic()
        with pytest.raises(SourceError):
            open_source(SourceSettings(spec=server.url("hang")), abort)
    assert time.monotonic() - started_s < 2.0


def test_abort_ends_a_stalled_read(folder: Path) -> None:
    abort = AbortToken()
    with HttpMedia(folder) as server, opened(server.url("stall/clip.ts"), abort, read_timeout_s=20) as source:
        with aborted_after(abort, 0.8):
            started_s = time.monotonic()
            items_until_error(source)
        assert time.monotonic() - started_s < 3.0


def test_stall_is_a_timeout(folder: Path) -> None:
    with HttpMedia(folder) as server, opened(server.url("stall/clip.ts"), read_timeout_s=1) as source:
        _, error = items_until_error(source)
    assert error.problem is SourceProblem.TIMEOUT
