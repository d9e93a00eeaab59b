"""Several frames in one picture: what an AI is shown that takes a single attachment. Blocking: executor threads."""

from collections.abc import Sequence
from dataclasses import dataclass
import io
import math

from PIL import Image, ImageDraw, ImageFont

MAX_FRAMES = 12
_EDGE_PX = 1536
"""No side is longer: models scale down what is larger."""
_LABEL_PX = 26
_QUALITY = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class StripFrame:
    """A frame and what is written above it: its number and its time."""

    jpeg: bytes
    label: str


def contact_strip(frames: Sequence[StripFrame]) -> bytes:
    """One JPEG with all frames in reading order (left to right, then down), each below its label.

    Raises:
        ValueError: none, or more than MAX_FRAMES.
        OSError: a frame is no picture.
    """
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise ValueError(f"a strip holds 1 to {MAX_FRAMES} frames")
    pictures = [_opened(frame.jpeg) for frame in frames]
    columns = _columns(pictures[-1].size, len(frames))
    width, height = _cell(pictures[-1].size, columns, rows := math.ceil(len(frames) / columns))
    sheet = Image.new("RGB", (columns * width, rows * (height + _LABEL_PX)))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LABEL_PX - 8)
    for index, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
        x, y = index % columns * width, index // columns * (height + _LABEL_PX)
        picture.thumbnail((width, height))
        pen.text((x + 6, y + 3), frame.label, fill="white", font=font)
        sheet.paste(picture, (x + (width - picture.width) // 2, y + _LABEL_PX))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def spread(count: int, most: int = MAX_FRAMES) -> tuple[int, ...]:
    """Indices of at most `most` of `count` things, in order and evenly apart, the first and the last among them."""
    if count <= most:
        return tuple(range(count))
    return tuple(round(index * (count - 1) / (most - 1)) for index in range(most))


def _columns(size_wh: tuple[int, int], count: int) -> int:
    """The number of columns that leaves the frames largest; of several such the fullest sheet, then the squarest."""

    def worth(columns: int) -> tuple[tuple[int, int], int, int]:
        rows = math.ceil(count / columns)
        width, height = _cell(size_wh, columns, rows)
        return (width, height), -columns * rows, -abs(columns * width - rows * height)

    return max(range(1, count + 1), key=worth)


def _cell(size_wh: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """Width and height of a frame on the sheet: as it is, or as much smaller as the sheet's limit asks."""
    width, height = size_wh
    scale = min(1.0, _EDGE_PX / (columns * width), (_EDGE_PX / rows - _LABEL_PX) / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _opened(jpeg: bytes) -> Image.Image:
    with Image.open(io.BytesIO(jpeg)) as image:
        return image.convert("RGB")
