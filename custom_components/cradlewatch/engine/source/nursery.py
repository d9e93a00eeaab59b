"""The drawn nursery: a camera for trying everything out, without a camera.

Five minutes in which everything happens that the product finds, over and over (`nursery_script`). The room is drawn
once; a frame is a copy of it with a few sprites laid over and sensor noise added.
"""

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from .nursery_carer import draw_carer, draw_holding_arms, draw_reaching_arms
from .nursery_child import Figure, draw_child, draw_hands
from .nursery_poses import HELD, Arms, Cast, cast_at
from .nursery_room import SIZE_WH, Room, day_light, draw_room, night_light
from .nursery_script import DUSK_END_S, DUSK_START_S, PERIOD_S, SCRIPT, BeatKind, SceneBeat, happens
from .nursery_sound import RATE_HZ, NurserySound
from .nursery_sprite import Planes, Sprite, image_to_sprite, picture_to_i420, split_planes

type Plane = NDArray[np.uint8]

_SPRITES_KEPT = 110
"""About 0.4 MB each; a loop of poses has at most 60."""
_NOISE_ROOM_PX = 128
_DUSK_DARKEST = 80


class NurseryScene:
    """Frames and sound of the drawn nursery, by number. Belongs to one thread.

    Takes about 1 s to make (the room is drawn twice, by day and for the infrared camera).
    """

    size_wh = SIZE_WH
    frame_rate_fps = 30
    sample_rate_hz = RATE_HZ
    period_s = PERIOD_S

    def __init__(self) -> None:
        day, night = draw_room(infrared=False), draw_room(infrared=True)
        self._light = {False: day_light(), True: night_light()}
        self._backdrop = {
            mode: picture_to_i420(room.picture(), infrared=mode, light=self._light[mode])
            for mode, room in ((False, day), (True, night))
        }
        self._rail = day.rail.getchannel("A")
        self._crib = _crib_sprite(day)
        self._carer = _carer_sprites()
        self._noise = {False: _noise_tile(1.3, 5), True: _noise_tile(2.3, 6)}
        self._sprites: OrderedDict[tuple[Figure, bool, bool], Sprite] = OrderedDict()
        self._sound = NurserySound()
        self._frames = round(self.period_s * self.frame_rate_fps)

    def script(self) -> tuple[SceneBeat, ...]:
        """What is true when: the ground truth, in seconds of the period."""
        return SCRIPT

    def audio(self, start_sample: int, count: int) -> NDArray[np.int16]:
        """`count` mono samples from `start_sample` (0 or more) on, int16; the same on every call."""
        return self._sound.samples(start_sample, count)

    def frame_yuv420(self, index: int) -> Plane:
        """Frame `index` (0 or more) as I420 of BT.709 limited range, uint8 (1080, 1280); the same on every call."""
        frame = index % self._frames
        at_s = frame / self.frame_rate_fps
        infrared = happens(BeatKind.INFRARED, at_s)
        i420 = self._backdrop[infrared].copy()
        planes = split_planes(i420)
        self._draw_cast(planes, cast_at(frame, self.frame_rate_fps), infrared=infrared)
        if DUSK_START_S <= at_s < PERIOD_S - 10 and not infrared:
            _dim(planes, min(1.0, (at_s - DUSK_START_S) / (DUSK_END_S - DUSK_START_S)))
        self._add_noise(planes[0], index, infrared=infrared)
        return i420

    def _draw_cast(self, planes: Planes, cast: Cast, *, infrared: bool) -> None:
        dx = cast.carer_dx
        if dx is not None:
            body, arms = self._carer[cast.arms]
            body.lay_over(planes, dx, -cast.bob if cast.arms is not Arms.REACHING else 0)
            if cast.arms is Arms.HOLDING:
                self._child_sprite(HELD, infrared=infrared, on_rail=False).lay_over(planes, dx, -cast.bob)
                arms.lay_over(planes, dx, -cast.bob)
                self._crib.lay_over(planes)
                return
            self._crib.lay_over(planes)
        reaching = dx is not None and cast.arms is Arms.REACHING
        if dx is not None and reaching and cast.lifting:
            self._carer[cast.arms][1].lay_over(planes, dx, cast.bob)
        if cast.child is not None:
            self._child_sprite(cast.child, infrared=infrared, on_rail=cast.on_rail).lay_over(planes)
        if dx is not None and reaching and not cast.lifting:
            self._carer[cast.arms][1].lay_over(planes, dx, cast.bob)

    def _child_sprite(self, figure: Figure, *, infrared: bool, on_rail: bool) -> Sprite:
        key = (figure, infrared, on_rail)
        sprite = self._sprites.get(key)
        if sprite is None:
            sprite = self._sprites[key] = self._draw_sprite(figure, infrared=infrared, on_rail=on_rail)
            if len(self._sprites) > _SPRITES_KEPT:
                self._sprites.popitem(last=False)
        else:
            self._sprites.move_to_end(key)
        return sprite

    def _draw_sprite(self, figure: Figure, *, infrared: bool, on_rail: bool) -> Sprite:
        body, (left, top) = draw_child(figure, infrared=infrared)
        box = (left, top, left + body.width, top + body.height)
        free = ImageChops.invert(self._rail.crop(box))
        body.putalpha(ImageChops.multiply(body.getchannel("A"), free))
        if on_rail:
            body.alpha_composite(draw_hands(figure))
        return image_to_sprite(body, left, top, infrared=infrared, light=self._light[infrared])

    def _add_noise(self, luma: Plane, index: int, *, infrared: bool) -> None:
        # A hash of the number places the noise: the same for a frame, unlike its neighbours'.
        mixed = (index * 2_654_435_761 + 97_531) & 0xFFFFFFFF
        y, x = (mixed >> 9) % _NOISE_ROOM_PX, (mixed >> 19) % _NOISE_ROOM_PX
        # Luma keeps off 0 and 255 by more than the noise reaches, so that wrapping bytes add up rightly.
        np.add(luma, self._noise[infrared][y : y + luma.shape[0], x : x + luma.shape[1]], out=luma)


def _crib_sprite(room: Room) -> Sprite:
    crib = room.crib.copy()
    crib.alpha_composite(room.rail)
    return image_to_sprite(crib, 0, 0, infrared=False, light=day_light())


def _carer_sprites() -> dict[Arms, tuple[Sprite, Sprite]]:
    """Body and arms (over the child) for each way to hold them; the arms hang by the body where not apart."""

    def sprite(drawn: tuple[Image.Image, tuple[int, int]]) -> Sprite:
        return image_to_sprite(drawn[0], *drawn[1], infrared=False)

    body, free = sprite(draw_carer(arms="down")), sprite(draw_carer(arms="away"))
    return {
        Arms.DOWN: (body, body),
        Arms.REACHING: (free, sprite(draw_reaching_arms())),
        Arms.HOLDING: (sprite(draw_carer(arms="folded")), sprite(draw_holding_arms())),
    }


def _noise_tile(sigma: float, seed: int) -> Plane:
    """Sensor noise as bytes that wrap: -14 to 14, with a little likeness between neighbours as cameras leave it."""
    rng = np.random.default_rng(seed)
    shape = (SIZE_WH[1] + _NOISE_ROOM_PX, SIZE_WH[0] + _NOISE_ROOM_PX)
    grain = rng.standard_normal(shape, dtype=np.float32)
    grain[:, 1:] += 0.45 * grain[:, :-1]
    grain *= sigma / float(grain.std())
    return np.clip(np.round(grain), -14, 14).astype(np.int8).view(np.uint8)


def _dim(planes: Planes, share: float) -> None:
    """Take light and colour away, `share` 0-1 of the way to dusk."""
    keep = np.uint16(round(256 - (256 - _DUSK_DARKEST) * share))
    for plane, zero in zip(planes, (16, 128, 128), strict=True):
        dimmed = plane * keep
        dimmed += np.uint16(zero * (256 - int(keep)))
        dimmed >>= 8
        plane[...] = dimmed
