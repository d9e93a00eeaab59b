"""The frame number survives a real encoder and a downscale, and nothing else is taken for one."""

from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray
import pytest

from custom_components.cradlewatch.engine.source.frame_code import (
    FRAME_CODE_BOX_XYXY,
    FRAME_CODE_MODULUS,
    paint_frame_code,
    read_frame_code,
)

type Gray = NDArray[np.uint8]

SIZES_WH = [(640, 360), (854, 480), (1280, 720), (1920, 1080)]


def _busy_picture(size_wh: tuple[int, int], index: int) -> Gray:
    """A picture that moves and holds fresh noise, so that the encoder must save bits."""
    width, height = size_wh
    rng = np.random.default_rng(index)
    x = np.arange(width)[None, :] + index * 7
    y = np.arange(height)[:, None]
    scene = 110 + 60 * np.sin(x / 23.0) * np.cos(y / 31.0) + rng.normal(0, 4, (height, width))
    picture: Gray = np.clip(scene, 16, 235).astype(np.uint8)
    return picture


def _through_h264(pictures: list[Gray], bit_rate: int) -> list[av.VideoFrame]:
    height, width = pictures[0].shape
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.bit_rate = bit_rate
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "maxrate": str(bit_rate),
        "bufsize": str(bit_rate // 2),
        "g": "30",
    }
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoded: list[av.VideoFrame] = []
    for index, gray in enumerate(pictures):
        planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        planes[:height] = gray
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = index
        for packet in encoder.encode(frame):
            decoded += decoder.decode(packet)
    for packet in encoder.encode(None):
        decoded += decoder.decode(packet)
    decoded += decoder.decode(None)
    return decoded


def _luma(frame: av.VideoFrame) -> Gray:
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]


@pytest.mark.parametrize("size_wh", SIZES_WH)
@pytest.mark.parametrize("bit_rate", [1_000_000, 2_000_000])
def test_number_survives_the_encoder_and_a_downscale(size_wh: tuple[int, int], bit_rate: int) -> None:
    numbers = [0, 1, 2, 0xFFFFFF, 0x5A5A5A, 299, 12345, 8_388_608, *range(70_000, 70_032)]
    pictures = []
    for index, number in enumerate(numbers):
        picture = _busy_picture(size_wh, index)
        paint_frame_code(picture, number)
        pictures.append(picture)
    decoded = _through_h264(pictures, bit_rate)
    assert [read_frame_code(_luma(frame)) for frame in decoded] == numbers
    width, height = 640, 640 * size_wh[1] // size_wh[0]
    small = [frame.reformat(width=width, height=height, interpolation="AREA") for frame in decoded]
    assert [read_frame_code(_luma(frame)) for frame in small] == numbers


@pytest.mark.parametrize("size_wh", SIZES_WH)
def test_paints_inside_its_box_only(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    plane = np.full((height, width), 200, dtype=np.uint8)
    paint_frame_code(plane, 77)
    assert read_frame_code(plane) == 77
    ys, xs = np.nonzero(plane != 200)
    x0, y0, x1, y1 = FRAME_CODE_BOX_XYXY
    assert xs.min() >= round(x0 * width)
    assert ys.min() >= round(y0 * height)
    assert xs.max() < round(x1 * width)
    assert ys.max() < round(y1 * height)
    assert (x1 - x0) * (y1 - y0) < 0.01


def test_numbers_repeat_after_the_modulus() -> None:
    plane = np.zeros((360, 640), dtype=np.uint8)
    paint_frame_code(plane, FRAME_CODE_MODULUS + 5)
    assert read_frame_code(plane) == 5


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        paint_frame_code(np.zeros((90, 160), dtype=np.uint8), 1)


def test_pictures_without_a_code_give_none() -> None:
    rng = np.random.default_rng(7)
    x0, y0, x1, y1 = FRAME_CODE_BOX_XYXY
    height, width = 360, 640
    rows = slice(round(y0 * height), round(y1 * height))
    cols = slice(round(x0 * width), round(x1 * width))
    box_hw = (rows.stop - rows.start, cols.stop - cols.start)
    plane = np.zeros((height, width), dtype=np.uint8)
    reads = [read_frame_code(np.full((height, width), level, dtype=np.uint8)) for level in range(0, 256, 5)]
    for _ in range(3000):
        plane[rows, cols] = rng.integers(0, 256, box_hw)
        reads.append(read_frame_code(plane))
        plane[rows, cols] = np.clip(rng.normal(rng.uniform(20, 230), rng.uniform(1, 60), box_hw), 0, 255)
        reads.append(read_frame_code(plane))
        gradient = np.linspace(0, rng.uniform(-255, 255), box_hw[1])[None, :] + rng.uniform(0, 255, (box_hw[0], 1))
        plane[rows, cols] = np.clip(gradient, 0, 255)
        reads.append(read_frame_code(plane))
        # The hardest: random blocks of exactly the size of our cells.
        plane[rows, cols] = np.kron(rng.integers(0, 2, (4, 10)) * 140 + 40, np.ones((5, 5)))
        reads.append(read_frame_code(plane))
    assert set(reads) == {None}


@pytest.mark.parametrize("size_wh", SIZES_WH)
def test_a_damaged_code_is_not_read_as_another_number(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    x0, y0, x1, y1 = FRAME_CODE_BOX_XYXY
    rng = np.random.default_rng(3)
    wrong = 0
    for number in range(400):
        plane = np.full((height, width), 90, dtype=np.uint8)
        paint_frame_code(plane, number * 41)
        row, col = int(rng.integers(0, 4)), int(rng.integers(0, 9))
        cell_w, cell_h = (x1 - x0) * width / 10, (y1 - y0) * height / 4
        top, left = round(y0 * height + row * cell_h), round(x0 * width + col * cell_w)
        patch = plane[top : top + round(cell_h), left : left + round(2 * cell_w)]
        patch[...] = 200 - patch
        wrong += read_frame_code(plane) not in {None, number * 41}
    assert wrong == 0
