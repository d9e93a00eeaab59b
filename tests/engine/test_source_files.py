"""Files and folders as cameras."""

import gc
import io
from itertools import pairwise
from pathlib import Path
import time

import av
from av.video.frame import VideoFrame
import pytest

from custom_components.cradlewatch.engine.errors import SourceChangedError, SourceError, SourceProblem
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.engine.source.frame_code import read_frame_code
from custom_components.cradlewatch.engine.source.open import open_source
from custom_components.cradlewatch.engine.source.probe import probe_source
from custom_components.cradlewatch.engine.source.types import AbortToken, MediaItem, Source
from tests.engine.sources import aborted_after, items_until_error, opened, video_items
from tests.media import Clip, clip, write_clip

SHORT = {"seconds": 0.6, "size_wh": (320, 240), "gop": 5}
_REAL = Path(__file__).parents[3] / "shared" / "media"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def _remuxed(source: Source, items: list[MediaItem], container_format: str) -> list[int | None]:
    """Mux `items` as viewers get them, decode the result: the frame numbers read from the pictures."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container_format) as out:
        video = out.add_stream_from_template(source.video_stream)
        audio = out.add_stream_from_template(source.audio_stream) if source.audio_stream else None
        for item in items:
            stream = video if item.stream.type == "video" else audio
            assert stream is not None
            item.packet.stream = stream
            out.mux(item.packet)
    buffer.seek(0)
    with av.open(buffer) as back:
        frames = [frame for frame in back.decode(video=0) if isinstance(frame, VideoFrame)]
    return [read_frame_code(frame.to_ndarray(format="gray")) for frame in frames]


def _seconds(item: MediaItem) -> float:
    assert item.packet.dts is not None
    return float(item.packet.dts * item.packet.time_base)


@pytest.mark.parametrize("container_format", ["mpegts", "mp4"])
@pytest.mark.parametrize(
    ("suffix", "spec"),
    [
        (".mp4", Clip(**SHORT)),
        (".mp4", Clip(**SHORT, b_frames=2)),
        (".mp4", Clip(**SHORT, audio="aac")),
        (".ts", Clip(**SHORT, b_frames=2, audio="aac")),
        (".mkv", Clip(**SHORT, codec="libx265")),
        (".mp4", Clip(**SHORT, codec="libx265", b_frames=2)),
        (".mkv", Clip(**SHORT, audio="libopus")),
        (".mov", Clip(**SHORT, audio="pcm_mulaw")),
        (".avi", Clip(**SHORT, codec="mjpeg", audio="pcm_alaw")),
        (".mkv", Clip(**SHORT, codec="mpeg4", audio="libmp3lame")),
        (".avi", Clip(**SHORT, codec="rawvideo")),
    ],
    ids=lambda value: f"{value.codec}-b{value.b_frames}-{value.audio}" if isinstance(value, Clip) else value,
)
def test_every_frame_reaches_the_viewer(clips: Path, suffix: str, spec: Clip, container_format: str) -> None:
    path = clip(clips, suffix, spec)
    with opened(str(path), allowed_folders=(str(clips),)) as source:
        items: list[MediaItem] = []
        for item in source.items():
            items.append(item)
            if len([one for one in items if one.stream.type == "video"]) >= 9:
                break
        assert items[0].is_key or items[0].stream.type == "audio"
        assert next(item for item in items if item.stream.type == "video").is_key
        assert (source.info.encoder is not None) == (spec.codec in ("mjpeg", "mpeg4", "rawvideo"))
        assert source.info.video_codec in ("h264", "hevc")
        assert (source.info.audio_codec == "aac") == (spec.audio is not None)
        numbers = _remuxed(source, items, container_format)
    wanted = list(range(9))
    # With B-frames the ninth in decoding order is not the ninth shown.
    assert numbers[: 6 if spec.b_frames else 9] == wanted[: 6 if spec.b_frames else 9]


def test_loops_in_real_time_without_a_seam(clips: Path) -> None:
    path = clip(clips, ".mp4", Clip(**SHORT, b_frames=2, audio="aac"))
    started_s = time.monotonic()
    with opened(str(path), allowed_folders=(str(clips),)) as source:
        items = []
        for item in source.items():
            items.append(item)
            if _seconds(item) > 2.0:
                break
        took_s = time.monotonic() - started_s
        video = [item for item in items if item.stream.type == "video"]
        sound = [_seconds(item) for item in items if item.stream.type == "audio"]
    times = [_seconds(item) for item in video]
    assert all(later > earlier for earlier, later in pairwise(times))
    # 0.6 s a loop: at least three seams inside, none wider than the end of the sound track asks for.
    assert max(later - earlier for earlier, later in pairwise(times)) < 3 / 15
    assert all(later > earlier for earlier, later in pairwise(sound))
    assert took_s > 0.9 * (times[-1] - times[0])
    assert len({id(item.stream) for item in video}) == 1, "decoders and muxers keep their stream over the seams"


def test_decodes_across_the_seam(clips: Path) -> None:
    path = clip(clips, ".mp4", Clip(**SHORT))
    with opened(str(path), allowed_folders=(str(clips),)) as source:
        numbers = [
            read_frame_code(frame.to_ndarray(format="gray"))
            for item in video_items(source, 14)
            for frame in item.packet.decode()
            if isinstance(frame, VideoFrame)
        ]
    assert numbers[:11] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1]


def test_folder_is_played_in_order_and_unlike_files_are_announced(tmp_path: Path) -> None:
    write_clip(tmp_path / "b.mp4", Clip(seconds=0.4, size_wh=(320, 240), first_number=200))
    write_clip(tmp_path / "a.mp4", Clip(seconds=0.4, size_wh=(320, 240), first_number=100))
    write_clip(tmp_path / "c.mp4", Clip(seconds=0.4, size_wh=(640, 360), first_number=300))
    (tmp_path / "notes.txt").write_text("not a video")
    seen = []
    for _ in range(2):
        with opened(str(tmp_path), allowed_folders=(str(tmp_path),)) as source:
            items, error = items_until_error(source)
        assert isinstance(error, SourceChangedError)
        seen.append(len(items))
    assert seen == [12, 6], "a and b, then c; the next open goes on where the change was"


def test_broken_file_is_an_error_not_a_loop(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"\x00" * 5000)
    with pytest.raises(SourceError) as caught, opened(str(tmp_path), allowed_folders=(str(tmp_path),)):
        pass
    assert caught.value.problem is SourceProblem.UNSUPPORTED_SOURCE


@pytest.mark.parametrize("broken", [("a.mp4",), ("b.mp4",), ("d.mp4",), ("a.mp4", "b.mp4")])
@pytest.mark.parametrize("content", [b"", b"no film at all" * 1000])
def test_a_broken_film_in_a_folder_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: tuple[str, ...], content: bytes
) -> None:
    """Told once, though it comes again with each round; those after it play."""
    whole = [name for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4") if name not in broken]
    for number, name in enumerate(whole, 1):
        write_clip(tmp_path / name, Clip(seconds=0.4, size_wh=(320, 240), first_number=100 * number))
    for name in broken:
        (tmp_path / name).write_bytes(content)
    with opened(str(tmp_path), allowed_folders=(str(tmp_path),)) as source:
        numbers = [
            read_frame_code(frame.to_ndarray(format="gray"))
            for item in video_items(source, 6 * len(whole) * 2)
            for frame in item.packet.decode()
            if isinstance(frame, VideoFrame)
        ]
    firsts = [number for number in numbers if number is not None and number % 100 == 0]
    assert firsts == [100 * number for number in range(1, len(whole) + 1)] * 2
    told = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert len(told) == len(broken)


def test_a_folder_of_broken_films_is_an_error(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (tmp_path / name).write_bytes(b"no film at all" * 1000)
    with pytest.raises(SourceError), opened(str(tmp_path), allowed_folders=(str(tmp_path),)):
        pass


def test_sound_only_file_has_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=16_000)
        from tests.media import tone

        for _, block in zip(range(20), tone(16_000, Clip()), strict=False):
            out.mux(stream.encode(block))
        out.mux(stream.encode(None))
    with pytest.raises(SourceError) as caught:
        probe_source(SourceSettings(spec=str(path), allowed_folders=(str(tmp_path),)))
    assert caught.value.problem is SourceProblem.NO_VIDEO


def test_paths_outside_are_refused(tmp_path: Path, clips: Path) -> None:
    path = clip(clips, ".mp4", Clip(**SHORT))
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.mp4").symlink_to(path)
    (inside / "playlist.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n")
    expected = {
        str(path): SourceProblem.PATH_NOT_ALLOWED,
        str(inside / "link.mp4"): SourceProblem.PATH_NOT_ALLOWED,
        str(inside / ".." / ".." / "x.mp4"): SourceProblem.PATH_NOT_ALLOWED,
        str(inside): SourceProblem.CANNOT_CONNECT,  # nothing in it may be played
        str(inside / "missing.mp4"): SourceProblem.CANNOT_CONNECT,
        str(inside / "playlist.m3u8"): SourceProblem.UNSUPPORTED_SOURCE,
        "relative.mp4": SourceProblem.UNSUPPORTED_SOURCE,
        "ftp://host/x": SourceProblem.UNSUPPORTED_SOURCE,
        "concat:/etc/passwd": SourceProblem.UNSUPPORTED_SOURCE,
        "/\x00": SourceProblem.PATH_NOT_ALLOWED,
        "": SourceProblem.UNSUPPORTED_SOURCE,
    }
    found = {}
    for spec in expected:
        with pytest.raises(SourceError) as caught:
            open_source(SourceSettings(spec=spec, allowed_folders=(str(inside),)), AbortToken())
        found[spec] = caught.value.problem
    assert found == expected


def test_abort_ends_the_wait_for_the_next_picture(tmp_path: Path) -> None:
    path = tmp_path / "slow.mp4"
    write_clip(path, Clip(seconds=6, fps=1, size_wh=(320, 240)))
    abort = AbortToken()
    with opened(str(path), abort, allowed_folders=(str(tmp_path),)) as source, aborted_after(abort, 0.3):
        started_s = time.monotonic()
        items_until_error(source)
        assert time.monotonic() - started_s < 0.9, "well before the second picture is due"


def test_probe_gives_a_jpeg(clips: Path) -> None:
    path = clip(clips, ".mp4", Clip(**SHORT, b_frames=2, audio="aac"))
    result = probe_source(SourceSettings(spec=str(path), allowed_folders=(str(clips),)))
    assert result.picture.jpeg[:2] == b"\xff\xd8"
    assert result.picture.size_wh == result.info.size_wh == (320, 240)


def test_probing_again_and_again_leaves_no_thread(clips: Path) -> None:
    """FFmpeg's own threads: Python does not know of them, and collects what holds them at some time or other."""

    def native_threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    path = clip(clips, ".mp4", Clip(**SHORT))
    settings = SourceSettings(spec=str(path), allowed_folders=(str(clips),))
    probe_source(settings)
    gc.collect()
    before = native_threads()
    gc.disable()
    try:
        for _ in range(4):
            probe_source(settings)
        assert native_threads() <= before
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["crib_sleep.mp4", "dailycam_017.ts"])
def test_real_clips(name: str) -> None:
    path = _REAL / name
    if not path.exists():
        pytest.skip("the shared folder of real clips is not here")
    with opened(str(path), allowed_folders=(str(_REAL),)) as source:
        items = video_items(source, 12)
        assert items[0].is_key
        decoded = [frame for item in items for frame in item.packet.decode()]
        assert len(decoded) >= 8
