"""Pictures for the drawn nursery: colour pictures as I420 planes, and sprites laid over them cheaply.

BT.709, limited range: what players assume for untagged video of 720 lines. Luma stays inside 16-235, so that the
sensor noise can be added without looking for overflow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

type Plane = NDArray[np.uint8]
type Planes = tuple[Plane, Plane, Plane]
type Words = NDArray[np.uint16]
type Floats = NDArray[np.float32]

_TO_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_ROUND = np.float32(127)
_LUMA_SPAN, _LUMA_ZERO, _CHROMA_SPAN = 219 / 255, 16.0, 112 / 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """A picture with transparency at a place: `under * keep / 256 + ink / 256`, plane by plane.

    Luma arrays are uint16 (h, w), chroma ones (h/2, w/2); `left` and `top` are even luma pixels.
    """

    left: int
    top: int
    keep: Words
    ink: Words
    keep_half: Words
    ink_u: Words
    ink_v: Words

    def lay_over(self, planes: Planes, dx: int = 0, dy: int = 0) -> None:
        """Draw over `planes` in place, moved by `dx`, `dy` (rounded to even pixels) and cut at the edges."""
        luma, chroma_u, chroma_v = planes
        left, top = (self.left + dx) // 2 * 2, (self.top + dy) // 2 * 2
        _blend(luma, self.keep, self.ink, left, top)
        _blend(chroma_u, self.keep_half, self.ink_u, left // 2, top // 2)
        _blend(chroma_v, self.keep_half, self.ink_v, left // 2, top // 2)


def _blend(plane: Plane, keep: Words, ink: Words, left: int, top: int) -> None:
    height, width = plane.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + keep.shape[1], width), min(top + keep.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    under = plane[y0:y1, x0:x1]
    mixed = keep[part] * under
    mixed += ink[part]
    mixed >>= 8
    under[...] = mixed


def split_planes(i420: Plane) -> Planes:
    """Views on the three planes of an I420 picture, uint8 (height * 3 // 2, width)."""
    height, width = i420.shape[0] * 2 // 3, i420.shape[1]
    chroma = i420[height:].reshape(2, height // 2, width // 2)
    return i420[:height], chroma[0], chroma[1]


def to_yuv(rgb: Floats, *, infrared: bool) -> tuple[Floats, Floats, Floats]:
    """Full-size Y, U, V as float32 of `rgb`, float32 (h, w, 3), 0-255; an infrared camera sees no colour."""
    gray = rgb @ _TO_LUMA
    if infrared:
        neutral = np.full_like(gray, 128.0)
        return _LUMA_ZERO + infrared_curve(gray) * _LUMA_SPAN, neutral, neutral
    chroma_u = 128 + (rgb[..., 2] - gray) * np.float32(_CHROMA_SPAN / 0.9278)
    chroma_v = 128 + (rgb[..., 0] - gray) * np.float32(_CHROMA_SPAN / 0.7874)
    return _LUMA_ZERO + gray * np.float32(_LUMA_SPAN), chroma_u, chroma_v


def infrared_curve(gray: Floats) -> Floats:
    """How bright things of daylight brightness `gray` (0-255) look to the camera at night: flat, few blacks."""
    curve: Floats = (26 + 150 * (gray / 255) ** 1.15).astype(np.float32)
    # Eyes throw infrared light straight back; nothing else in the drawing is pure white.
    curve[gray > 254.5] = 235
    return curve


def picture_to_i420(rgb: Floats, *, infrared: bool, light: Floats | None = None) -> Plane:
    """I420 of float32 `rgb` (h, w, 3); `light` (h, w) multiplies the luma above black (vignette)."""
    luma, chroma_u, chroma_v = to_yuv(rgb, infrared=infrared)
    if light is not None:
        luma = _LUMA_ZERO + (luma - _LUMA_ZERO) * light
    height, width = luma.shape
    i420 = np.empty((height * 3 // 2, width), dtype=np.uint8)
    planes = split_planes(i420)
    planes[0][...] = np.clip(luma + 0.5, 18, 232)
    for plane, full in zip(planes[1:], (chroma_u, chroma_v), strict=True):
        plane[...] = np.clip(_halve(full) + 0.5, 16, 240)
    return i420


def image_to_sprite(
    image: Image.Image, left: int, top: int, *, infrared: bool, hide: Floats | None = None, light: Floats | None = None
) -> Sprite:
    """Sprite of an RGBA image whose upper left pixel belongs at `left`, `top` (even), cut to what is visible.

    `hide` (frame height, width), 0-1, is what stands in front of it; `light` is as in `picture_to_i420`.
    """
    box = image.getbbox() or (0, 0, 2, 2)
    x0, y0 = box[0] // 2 * 2, box[1] // 2 * 2
    x1, y1 = min(image.width // 2 * 2, -(-box[2] // 2) * 2), min(image.height // 2 * 2, -(-box[3] // 2) * 2)
    rgba = np.asarray(image.crop((x0, y0, x1, y1)), dtype=np.float32)
    left, top = left + x0, top + y0
    alpha = rgba[..., 3] * np.float32(256 / 255)
    place = (slice(top, top + rgba.shape[0]), slice(left, left + rgba.shape[1]))
    if hide is not None:
        alpha = alpha * (1 - hide[place])
    luma, chroma_u, chroma_v = to_yuv(rgba[..., :3], infrared=infrared)
    if light is not None:
        luma = _LUMA_ZERO + (luma - _LUMA_ZERO) * light[place]
    alpha_half = _halve(alpha)
    return Sprite(
        left=left,
        top=top,
        keep=(256.5 - alpha).astype(np.uint16),
        ink=(np.clip(luma, 18, 232) * alpha + _ROUND).astype(np.uint16),
        keep_half=(256.5 - alpha_half).astype(np.uint16),
        ink_u=(_halve(chroma_u * alpha) + _ROUND).astype(np.uint16),
        ink_v=(_halve(chroma_v * alpha) + _ROUND).astype(np.uint16),
    )


def _halve(full: Floats) -> Floats:
    summed = full[0::2, 0::2] + full[0::2, 1::2] + full[1::2, 0::2] + full[1::2, 1::2]
    halved: Floats = summed * np.float32(0.25)
    return halved
