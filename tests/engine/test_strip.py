"""Several frames in one picture: all of them, in order, at the size that their number allows."""

import io
from pathlib import Path

from PIL import Image
import pytest

from custom_components.cradlewatch.engine.analysis.report_strip import how_to_read, window_strip
from custom_components.cradlewatch.engine.analysis.strip import MAX_FRAMES, StripFrame, contact_strip, spread
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.windows.clip import WindowClip, begin_clip, finish_clip
from tests.engine.test_window_clip import picture

COLOURS = [(20 * index, 240 - 20 * index, 60) for index in range(MAX_FRAMES)]


def _jpeg(colour: tuple[int, int, int], size_wh: tuple[int, int] = (768, 432)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size_wh, colour).save(out, "JPEG", quality=95)
    return out.getvalue()


def _opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


def _near(found: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize(("count", "grid"), [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (12, (3, 4))])
def test_every_frame_is_in_it_in_reading_order(count: int, grid: tuple[int, int]) -> None:
    frames = [StripFrame(jpeg=_jpeg(COLOURS[index]), label=f"{index + 1}/{count}") for index in range(count)]
    sheet = _opened(contact_strip(frames))
    columns, rows = grid
    assert max(sheet.size) <= 1536
    for index in range(count):
        x = (index % columns + 0.5) * sheet.width / columns
        y = (index // columns + 0.6) * sheet.height / rows
        assert _near(sheet.getpixel((x, y)), COLOURS[index]), index  # type: ignore[arg-type]


def test_three_frames_keep_their_size() -> None:
    frames = [StripFrame(jpeg=_jpeg(COLOURS[index]), label="x") for index in range(3)]
    sheet = _opened(contact_strip(frames))
    assert sheet.width == 768
    assert sheet.height > 3 * 432


def test_label_is_above_its_frame() -> None:
    with_words, without = (
        _opened(contact_strip([StripFrame(jpeg=_jpeg((0, 0, 0)), label=label)])) for label in ("1/1   newest", "")
    )
    bright = [sum(pixel > 128 for pixel in sheet.convert("L").tobytes()) for sheet in (with_words, without)]
    assert bright[0] > 40
    assert bright[1] == 0


def test_bounds() -> None:
    frame = StripFrame(jpeg=_jpeg((1, 2, 3)), label="")
    for count in (0, MAX_FRAMES + 1):
        with pytest.raises(ValueError, match="1 to 12"):
            contact_strip([frame] * count)
    with pytest.raises(OSError, match="cannot identify"):
        contact_strip([StripFrame(jpeg=b"\xff\xd8 no picture", label="")])


@pytest.mark.parametrize("count", [1, 5, 12, 13, 600])
def test_spread(count: int) -> None:
    found = spread(count)
    assert len(found) == min(count, 12)
    assert found[0] == 0
    assert found[-1] == count - 1
    assert list(found) == sorted(set(found))


@pytest.fixture(params=[True, False], ids=["mp4", "jpegs"])
def clip(tmp_path: Path, request: pytest.FixtureRequest) -> WindowClip:
    writer = begin_clip(tmp_path, "w", (320, 192), mp4=request.param)
    for second in range(30):
        writer.write(picture(60 + second, 320, 192), second + 0.5)
    writer.close()
    made = finish_clip(tmp_path, "w")
    assert made is not None
    return made


def test_strip_of_a_window(clip: WindowClip) -> None:
    jpeg, seconds = window_strip(clip)
    assert (len(seconds), seconds[0], seconds[-1]) == (12, 0, 29)
    sheet = _opened(jpeg)
    assert max(sheet.size) <= 1536
    assert sheet.width >= 3 * 320
    assert "12 of its frames" in how_to_read(seconds)


def test_window_that_is_gone(clip: WindowClip) -> None:
    if clip.mp4:
        clip.path.unlink()
    else:
        for file in clip.path.iterdir():
            file.unlink()
    with pytest.raises(AnalysisError) as caught:
        window_strip(clip)
    assert caught.value.failure is AnalysisFailure.NO_PICTURE
