"""The drawn source: real time, numbers, sound, skipping when late."""

from itertools import pairwise
import time

from av.video.frame import VideoFrame
import numpy as np
from numpy.typing import NDArray
import pytest

from custom_components.cradlewatch.engine.errors import SourceEndedError, SourceError, SourceProblem
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.engine.source.demo import DemoOptions, DemoSource, demo_options
from custom_components.cradlewatch.engine.source.frame_code import FRAME_CODE_BOX_XYXY, read_frame_code
from custom_components.cradlewatch.engine.source.probe import probe_source
from custom_components.cradlewatch.engine.source.types import AbortToken, MediaItem
from tests.engine.sources import aborted_after, items_until_error


class PlainScene:
    """Gray pictures, a tone; can be made slow."""

    size_wh = (640, 360)
    frame_rate_fps = 30
    sample_rate_hz = 16_000

    def __init__(self) -> None:
        self.sleep_at: dict[int, float] = {}
        self.drawn: list[int] = []

    def frame_yuv420(self, index: int) -> NDArray[np.uint8]:
        time.sleep(self.sleep_at.get(index, 0))
        self.drawn.append(index)
        return np.full((540, 640), 128, np.uint8)

    def audio(self, start_sample: int, count: int) -> NDArray[np.int16]:
        at = np.arange(start_sample, start_sample + count) / self.sample_rate_hz
        return (np.sin(2 * np.pi * 440 * at) * 10_000).astype(np.int16)


def _pictures(items: list[MediaItem]) -> list[int | None]:
    frames = [frame for item in items for frame in item.packet.decode() if isinstance(frame, VideoFrame)]
    return [read_frame_code(frame.to_ndarray(format="gray")) for frame in frames]


def _run(scene: PlainScene, seconds: float, options: DemoOptions | None = None) -> tuple[DemoSource, list[MediaItem]]:
    abort = AbortToken()
    source = DemoSource(scene, abort, options)
    with aborted_after(abort, seconds):
        items, error = items_until_error(source)
    assert isinstance(error, SourceEndedError)
    return source, items


def test_real_time_numbers_and_sound() -> None:
    source, items = _run(PlainScene(), 2.0)
    video = [item for item in items if item.stream.type == "video"]
    sound = [item for item in items if item.stream.type == "audio"]
    assert 45 <= len(video) <= 61, "30 a second, never more"
    assert [item.is_key for item in video[:31]].count(True) == 2, "a keyframe a second"
    assert video[0].is_key
    assert [read_frame_code(item.frame.to_ndarray(format="gray")) for item in video[:40]] == list(range(40))
    assert all(item.packet.dts >= 0 for item in sound)
    times = [float(item.packet.pts * item.packet.time_base) for item in sound]
    assert all(later - earlier == pytest.approx(1024 / 16_000) for earlier, later in pairwise(times))
    assert times[-1] == pytest.approx(len(video) / 30, abs=0.25)
    assert source.info.overlay_boxes_xyxy == (FRAME_CODE_BOX_XYXY,)
    assert source.info.encoder == "libx264"
    source.close()
    source.close()


def test_numbers_survive_the_encoder() -> None:
    import av

    source, items = _run(PlainScene(), 0.7)
    decoder = av.CodecContext.create("h264", "r")
    read = [
        read_frame_code(frame.to_ndarray(format="gray"))
        for item in items
        if item.stream.type == "video"
        for frame in decoder.decode(item.packet)
    ]
    assert len(read) > 8
    assert read == list(range(len(read)))
    source.close()


def test_late_by_more_than_a_second_skips_pictures_but_not_time() -> None:
    scene = PlainScene()
    scene.sleep_at = {10: 1.6}
    source, items = _run(scene, 2.6)
    video = [item for item in items if item.stream.type == "video"]
    assert source.frames_skipped >= 30
    assert scene.drawn == sorted(set(scene.drawn))
    gaps = [later - earlier for earlier, later in pairwise(scene.drawn)]
    assert max(gaps) == source.frames_skipped + 1
    assert sum(gap > 1 for gap in gaps) == 1
    last = video[-1]
    # Where a picture is on the time line and when it came agree again.
    drift_s = (last.arrived_s - video[0].arrived_s) - float(last.packet.pts * last.packet.time_base)
    assert abs(drift_s) < 0.5
    source.close()


def test_start_and_speed() -> None:
    scene = PlainScene()
    source, _ = _run(scene, 0.4, DemoOptions(start_s=2, speed=3))
    assert scene.drawn[:4] == [60, 63, 66, 69]
    source.close()


def test_a_little_late_draws_every_picture() -> None:
    scene = PlainScene()
    scene.sleep_at = {5: 0.5}
    source, _ = _run(scene, 1.5)
    assert source.frames_skipped == 0
    assert scene.drawn == list(range(len(scene.drawn)))
    source.close()


def test_options() -> None:
    assert demo_options("demo:") == DemoOptions()
    assert demo_options("demo:?start=12.5&speed=4") == DemoOptions(start_s=12.5, speed=4)
    for spec in (
        "demo:?start=-1",
        "demo:?start=x",
        "demo:?other=1",
        "demo:?nonsense",
        "demo:?start=nan",
        "demo:?speed=0",
        "demo:?speed=11",
    ):
        with pytest.raises(SourceError) as caught:
            demo_options(spec)
        assert caught.value.problem is SourceProblem.UNSUPPORTED_SOURCE


def test_the_nursery_itself() -> None:
    result = probe_source(SourceSettings(spec="demo:?start=3"))
    assert result.picture.size_wh == (1280, 720)
    assert result.info.audio_codec == "aac"
