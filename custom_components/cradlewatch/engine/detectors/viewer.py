"""Turns frames into views: working picture, shake undone, breaks told from movement, change judged."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from ..models import BoxXyxy, Frame
from ..settings import SenseSettings
from .backend import CELL_PX, Picture, VisionBackend
from .change import ChangeMeter
from .grid import WIDE, Mask, box_mask, breadth, polygon_mask, window_shape, windows_of
from .reference import Sample
from .slopes import fine_shift
from .view import Upset, View

_BREAK_RESTLESS = 2.2
"""Times the usual change in the quiet third of the picture: more is no body, it is the picture itself."""
_LEAST_TEXTURED = 12
_SHAKE_SHARE = 0.45
"""Share of the textured windows that change when all of the picture moves."""
_ALIGNED_GAIN = 0.6
"""Undoing a shift must lower the change of the textured windows to this share at the most."""
_EXPLAINED_SHARE = 0.6
_SHAKE_MEMORY_S = 5.0
_UPSET_S, _UPSET_PAUSE_S = 2.0, 1.0
_BLURRED_S = 0.7
_STAYS_S = 3.0
_SETTLE_S, _START_S = 0.9, 2.1
_WARM_UP_FRAMES = 6
_MIN_HALVED_PX = 240
_SHIFTED_IN_S = 1.2
_SHAKEN_LIMIT = 1.5
"""Times the limit while a shake is undone: interpolation leaves a little of every edge."""


class Viewer:
    """Makes one view of every frame. Frames of another size start anew."""

    def __init__(self, settings: SenseSettings, backend: VisionBackend) -> None:
        self._settings = settings
        self._backend = backend
        self._meter = ChangeMeter(backend, sensitivity=settings.motion_sensitivity)
        self._overlays: tuple[BoxXyxy, ...] = ()
        self._shape: tuple[int, int] | None = None
        self._keep_px: Picture | None = None
        self._valid: Mask = np.ones((1, 1), bool)
        self._everywhere = self._valid
        self._anchor: Picture | None = None
        self._shift = (0.0, 0.0)
        self._shifts: deque[tuple[float, float, float]] = deque(maxlen=32)
        self._steady_shift = (0.0, 0.0, -1e9)
        self._upset_since_s = self._upset_last_s = -1e9
        self._shaken_s = -1e9
        self._broken_s = -1e9
        self._last_s: float | None = None
        self._whole = False
        self.moving = False
        """Movement is known to go on (told by whoever decides it): what changes now is no habit of its place."""

    def set_overlays(self, boxes: Sequence[BoxXyxy]) -> None:
        """Where the source paints marks of its own."""
        if tuple(boxes) != self._overlays:
            self._overlays = tuple(boxes)
            self._shape = None

    def reset(self) -> None:
        """Forget the scene."""
        self._shape = None

    def look(self, frame: Frame) -> View:
        """The view of a frame: uint8 gray (height, width)."""
        picture = self._working(frame)
        gap_s = frame.at_s - self._last_s if self._last_s is not None else 0.0
        self._last_s = frame.at_s
        meter = self._meter
        sample = meter.sample(picture, frame.at_s)
        if meter.last is None:
            return self._first(frame, sample, gap_s)
        shaking = self._is_shaking(frame.at_s)
        if shaking:
            sample = self._steady(picture, sample)
        residual = meter.residual(sample, shaking=shaking)
        restless = meter.restlessness(residual, self._valid)
        ratio = meter.ratio(residual) if meter.knows_usual else None
        # A shake may begin with less than a pixel, of which strong edges keep a rest.
        upset, self._whole = Upset.NONE, meter.trembled_s == frame.at_s
        lit = meter.lit_anew(sample, self._valid)
        if not shaking and not lit and meter.is_recoded(residual, restless, frame.at_s, self._valid):
            meter.recode()
            upset = Upset.RECODED
        elif ratio is not None and (lit or self._all_moves(ratio, restless)) and self._may_be_upset(frame.at_s):
            sample, upset = self._explain(
                picture, sample, ratio, lit=lit, broken=lit or restless > _BREAK_RESTLESS, blurred=shaking
            )
            if upset is Upset.SHAKE:
                residual = meter.residual(sample, shaking=True)
                restless = meter.restlessness(residual, self._valid)
                ratio = meter.ratio(residual)
            self._whole |= upset is Upset.NONE
        if ratio is not None and (restless > 1 or shaking or upset is Upset.SHAKE):
            ratio *= np.float32(1 / max(1.0, restless, _SHAKEN_LIMIT if shaking or upset is Upset.SHAKE else 1.0))
        return self._judge(frame, picture, sample, gap_s, (residual, ratio, restless), upset)

    def _is_shaking(self, at_s: float) -> bool:
        return self._shift != (0.0, 0.0) or at_s - self._shaken_s < _SHAKE_MEMORY_S

    def _may_be_upset(self, at_s: float) -> bool:
        """Lamps, cuts and shakes pass; what upsets the whole picture for longer is a body close to the lens."""
        if at_s - self._upset_last_s > _UPSET_PAUSE_S:
            self._upset_since_s = at_s
        self._upset_last_s = at_s
        return at_s - self._upset_since_s < _UPSET_S

    def _working(self, frame: Frame) -> Picture:
        gray = frame.gray
        picture = self._backend.half(gray) if gray.shape[1] >= _MIN_HALVED_PX else gray.astype(np.float32)
        picture -= np.float32(128)
        if self._shape != picture.shape:
            self._start((picture.shape[0], picture.shape[1]))
        if self._keep_px is not None:
            picture *= self._keep_px
        return picture

    def _start(self, shape: tuple[int, int]) -> None:
        """Masks for pictures of this shape; nothing is known of the scene."""
        self._shape = shape
        hidden = np.zeros(shape, bool)
        for box in (*self._overlays, *self._settings.ignore_boxes_xyxy):
            hidden |= box_mask(box, shape)
        for zone in self._settings.zones:
            if zone.kind == "ignore":
                hidden |= polygon_mask(zone.points_xy, shape)
        self._keep_px = (~hidden).astype(np.float32) if hidden.any() else None
        self._valid = self._everywhere = np.ones(window_shape(shape), bool)
        if self._keep_px is not None:
            self._valid = windows_of(self._backend.cell_means(self._keep_px)) > 0.3
        self._meter.reset()
        self._anchor = None
        self._shift = (0.0, 0.0)
        self._shaken_s = self._broken_s = -1e9

    def _first(self, frame: Frame, sample: Sample, gap_s: float) -> View:
        self._meter.keep(sample)
        self._anchor = sample.picture.copy()
        # A start takes longer to settle than a break: the coder's first keyframes are still to come.
        self._broken_s = frame.at_s + _START_S
        blank = np.zeros(self._valid.shape, np.float32)
        return self._view(frame, sample, gap_s, (blank, blank), self._valid, Upset.NONE, settled=False)

    def _view(
        self,
        frame: Frame,
        sample: Sample,
        gap_s: float,
        change: tuple[Picture, Picture],
        valid: Mask,
        upset: Upset,
        *,
        settled: bool,
    ) -> View:
        return View(
            frame=frame,
            gap_s=gap_s,
            picture=sample.picture,
            cells=sample.cells,
            means=sample.mean,
            residual=change[0],
            ratio=change[1],
            valid=valid,
            upset=upset,
            settled=settled,
            shift_xy_px=self._shift,
            shift_stays=self._shift_stays(frame.at_s),
            noise=self._meter.grain,
            coded=self._meter.coded,
            rises=self._meter.rises,
            whole=self._whole,
            backend=self._backend,
        )

    def _all_moves(self, ratio: Picture, restless: float) -> bool:
        """The picture as a whole may have changed: light, shake or a cut."""
        if restless > _BREAK_RESTLESS:
            return True
        moved = ratio > 1
        if np.count_nonzero(moved) <= _SHAKE_SHARE * _LEAST_TEXTURED:
            return False
        textured = self._meter.textured(self._valid)
        size = int(np.count_nonzero(textured))
        return size >= _LEAST_TEXTURED and int(np.count_nonzero(moved & textured)) > _SHAKE_SHARE * size

    def _explain(
        self, picture: Picture, sample: Sample, ratio: Picture, *, lit: bool, broken: bool, blurred: bool
    ) -> tuple[Sample, Upset]:
        """Is it a shake that can be undone? Else a break; amid a shake, one frame too blurred to be placed."""
        assert self._anchor is not None
        last = self._meter.last
        assert last is not None
        shift = self._place(picture)
        # New light can look like a fraction of a pixel; a knock is more.
        least_px = 1.0 if lit else 0.4
        if max(abs(shift[0] - self._shift[0]), abs(shift[1] - self._shift[1])) > least_px:
            before = self._shift
            self._shift = shift
            steady = self._undo(picture, sample.at_s)
            unplaced = self._meter.residual(sample, shaking=True)
            if self._fits(self._meter.residual(steady, shaking=True), unplaced, ratio):
                self._shaken_s = sample.at_s
                self._upset_since_s = sample.at_s
                return steady, Upset.SHAKE
            self._shift = before
        if blurred and sample.at_s - self._upset_since_s < _BLURRED_S:
            return last, Upset.SHAKE
        return sample, Upset.BREAK if broken else Upset.NONE

    def _fits(self, aligned: Picture, unplaced: Picture, ratio: Picture) -> bool:
        """Undoing the shift must be needed, and explain most of the textured windows."""
        textured = self._meter.textured(self._inside())
        if int(textured.sum()) < 8:
            return False
        if float((ratio[textured] > 1).mean()) < _SHAKE_SHARE:
            return False
        explained = textured & (self._meter.ratio(aligned) <= 1)
        better = float(np.median(aligned[textured])) < _ALIGNED_GAIN * float(np.median(unplaced[textured]))
        if not better or int(explained.sum()) <= _EXPLAINED_SHARE * int(textured.sum()):
            return False
        # In a room without texture a body that walks is all the texture: it moves, not the camera.
        return breadth((explained & (ratio > 1)).astype(np.float32)) >= WIDE

    def _place(self, picture: Picture) -> tuple[float, float]:
        """Where the picture lies against the anchor: by phase, then refined by the gradients."""
        assert self._anchor is not None
        dx, dy, share = self._backend.translation(self._anchor, picture)
        if share < 0.03 or max(abs(dx), abs(dy)) > 0.2 * picture.shape[0]:
            return self._shift
        for _ in range(2):
            ddx, ddy = fine_shift(self._anchor, self._backend.shift(picture, -dx, -dy))
            dx, dy = dx + ddx, dy + ddy
        return dx, dy

    def _steady(self, picture: Picture, sample: Sample) -> Sample:
        """While the camera shakes every frame is put where the first one was."""
        dx, dy = self._place(picture)
        if max(abs(dx - self._shift[0]), abs(dy - self._shift[1])) > 0.15:
            self._shaken_s = sample.at_s
        self._shift = (dx, dy) if max(abs(dx), abs(dy)) > 0.1 else (0.0, 0.0)
        return self._undo(picture, sample.at_s) if self._shift != (0.0, 0.0) else sample

    def _undo(self, picture: Picture, at_s: float) -> Sample:
        dx, dy = self._shift
        return self._meter.sample(self._backend.shift(picture, -dx, -dy), at_s)

    def _judge(
        self,
        frame: Frame,
        picture: Picture,
        sample: Sample,
        gap_s: float,
        change: tuple[Picture, Picture | None, float],
        upset: Upset,
    ) -> View:
        residual, ratio, restless = change
        meter = self._meter
        valid = self._inside()
        if upset is Upset.BREAK:
            self._broken_s = frame.at_s
            meter.forget()
            self._anchor, self._shift = sample.picture.copy(), (0.0, 0.0)
        settled = meter.learned >= _WARM_UP_FRAMES and frame.at_s - self._broken_s >= _SETTLE_S
        if ratio is None or upset is Upset.BREAK:
            ratio = np.zeros(valid.shape, np.float32)
        elif valid is not self._everywhere:
            ratio[~valid] = 0
        if upset in {Upset.NONE, Upset.RECODED} and not self._is_shaking(frame.at_s):
            meter.learn(sample, residual, ratio, restless, valid, moving=self.moving)
            self._follow(sample.picture)
        if sample is not meter.last:
            meter.keep(sample)
        view = self._view(frame, sample, gap_s, (residual, ratio), valid, upset, settled=settled)
        if view.shift_stays:
            self._accept_shift(picture)
        return view

    def _shift_stays(self, at_s: float) -> bool:
        """The same shift, other than none, for three seconds."""
        dx, dy = self._shift
        old_dx, old_dy, since_s = self._steady_shift
        if max(abs(dx - old_dx), abs(dy - old_dy)) > 0.7:
            self._steady_shift = (dx, dy, at_s)
            return False
        return max(abs(dx), abs(dy)) > 0.5 and at_s - since_s >= _STAYS_S

    def _accept_shift(self, picture: Picture) -> None:
        """The camera was knocked and stays there: its new place is the place."""
        self._meter.forget()
        self._anchor, self._shift, self._steady_shift = picture.copy(), (0.0, 0.0), (0.0, 0.0, -1e9)
        self._shaken_s = -1e9

    def _inside(self) -> Mask:
        """The valid windows without those that a shift brought in from outside the picture of late."""
        now_s = self._last_s if self._last_s is not None else 0.0
        while self._shifts and now_s - self._shifts[0][0] > _SHIFTED_IN_S:
            self._shifts.popleft()
        if self._shift != (0.0, 0.0):
            self._shifts.append((now_s, abs(self._shift[0]), abs(self._shift[1])))
        if not self._shifts:
            return self._valid
        columns, rows = (int(np.ceil(max(side) / CELL_PX)) for side in list(zip(*self._shifts, strict=True))[1:])
        valid = self._valid.copy()
        valid[: rows + 1], valid[-rows - 1 :] = False, False
        valid[:, : columns + 1], valid[:, -columns - 1 :] = False, False
        return valid

    def _follow(self, picture: Picture) -> None:
        """The anchor is the quiet picture of the last seconds."""
        assert self._anchor is not None
        self._backend.blend(self._anchor, picture, 0.05)
