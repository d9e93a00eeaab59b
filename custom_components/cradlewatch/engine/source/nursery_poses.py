"""Who is where in the drawn nursery at a moment: the child's pose, the carer's place and arms."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
import math

from .nursery_carer import CARER_X
from .nursery_child import Figure
from .nursery_script import PERIOD_S

POSE_RATE_FPS = 15
"""New poses a second while the child moves: drawn "on twos", as animators do. Loops of poses are drawn once."""
_BREATH_STEPS = 16
_BREATH_S = 2.0
_FIRST_DX, _SECOND_DX = 172.0, 150.0
"""How far right of CARER_X the carer stands at the first and the second visit."""

_LYING = Figure(x=548, y=474, turn_deg=-90, flat=0.84, length=196)
_SITTING = Figure(
    x=640, y=425, length=100, hip=82, left_x=-58, left_y=74, right_x=58, right_y=74, elbow=14, eyes=1, smile=1
)
_STANDING = Figure(
    x=716, y=422, length=162, hip=60, left_x=-60, left_y=120, right_x=60, right_y=120, elbow=18, eyes=1, smile=1
)
HELD = Figure(
    x=CARER_X - 26, y=266, turn_deg=-6, length=116, hip=52, left_x=-44, left_y=26, right_x=46, right_y=20, elbow=20,
    head_deg=6, eyes=1, smile=0.8,
)  # fmt: skip


class Arms(Enum):
    """What the carer's arms do."""

    DOWN = "down"
    REACHING = "reaching"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who is to be seen. `carer_dx` moves the carer (and a held child) from CARER_X; None: nobody there."""

    child: Figure | None
    on_rail: bool = False
    """The child's hands lie on the front rail."""
    carer_dx: int | None = None
    arms: Arms = Arms.DOWN
    lifting: bool = False
    """The carer's arms are behind the child, whom they lift or lay down."""
    bob: int = 0


def cast_at(frame: int, rate_fps: int) -> Cast:
    """Who is where in `frame` of the period, counted from 0."""
    at_s = frame / rate_fps
    dx = _carer_dx(at_s)
    if dx is None:
        return Cast(child=None if 106.0 <= at_s < 146.0 else _child_at(frame, at_s, rate_fps), on_rail=_on_rail(at_s))
    walking = at_s < 94.5 or 101.0 <= at_s < 151.0 or at_s >= 165.0
    bob = round(4 * abs(math.sin(at_s * 4.2))) if walking else 0
    if 100.4 <= at_s < 151.6:
        return Cast(child=HELD, carer_dx=dx, arms=Arms.HOLDING, bob=bob)
    reaching = 96.8 <= at_s < 100.4 or 151.6 <= at_s < 163.5
    if 156.0 <= at_s < 163.5:
        bob = round(5 * math.sin(at_s * 4.4))
    return Cast(
        child=_child_at(frame, at_s, rate_fps),
        on_rail=_on_rail(at_s),
        carer_dx=dx,
        arms=Arms.REACHING if reaching else Arms.DOWN,
        lifting=at_s >= 98.4 and not 153.8 <= at_s < 163.5,
        bob=bob,
    )


def _on_rail(at_s: float) -> bool:
    return 77.5 <= at_s < 98.4


def _carer_dx(at_s: float) -> int | None:
    gone = 800.0
    for start_s, end_s, arrived_s, leaves_s, place in (
        (90.0, 106.0, 94.5, 101.0, _FIRST_DX),
        (146.0, 170.0, 151.0, 165.0, _SECOND_DX),
    ):
        if start_s <= at_s < end_s:
            away = 1 - _ease((at_s - start_s) / (arrived_s - start_s)) + _ease((at_s - leaves_s) / (end_s - leaves_s))
            return round(place + (gone - place) * away)
    return None


def _ease(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def _asleep(frame: int, rate_fps: int) -> Figure:
    step = frame * _BREATH_STEPS // round(_BREATH_S * rate_fps) % _BREATH_STEPS
    return replace(_LYING, breath=round(math.sin(2 * math.pi * step / _BREATH_STEPS), 3))


def _loop(step: int, length_s: float) -> float:
    """Angle (radians) in a loop of poses of `length_s`."""
    steps = round(length_s * POSE_RATE_FPS)
    return 2 * math.pi * (step % steps) / steps


def _stirring(step: int) -> Figure:
    turn = _loop(step, 4.0)
    wave, double = math.sin(turn), math.sin(2 * turn + 0.6)
    return replace(
        _LYING,
        x=548 + 4 * wave,
        head_deg=11 * wave,
        head_x=7 * wave,
        left_x=-80 + 12 * double,
        left_y=-8 + 36 * wave,
        right_x=78 - 14 * double,
        right_y=2 - 34 * double,
        kick_left=16 * double,
        kick_right=-20 * math.sin(3 * turn),
        eyes=1.0 if wave > -0.2 else 0.0,
        mouth=0.3 if double > 0.7 else 0.0,
        gaze=2.5 * wave,
    )


def _crying(step: int) -> Figure:
    turn = _loop(step, 2.0)
    wave, double = math.sin(turn), math.sin(2 * turn)
    return replace(
        _LYING,
        head_deg=8 * wave,
        left_x=-72 + 10 * double,
        left_y=26 + 46 * wave,
        right_x=72,
        right_y=26 - 44 * double,
        kick_left=26 * double,
        kick_right=-28 * double,
        squeeze=1.0,
        mouth=0.72 + 0.28 * math.sin(2 * turn + 1),
        breath=double,
    )


def _sitting(step: int) -> Figure:
    turn = _loop(step, 4.0)
    wave = math.sin(turn)
    clap = max(0.0, math.sin(2 * turn))
    return replace(
        _SITTING,
        turn_deg=2.5 * wave,
        head_deg=7 * wave,
        left_x=-58 + 40 * clap,
        right_x=58 - 40 * clap,
        left_y=74 - 26 * clap,
        right_y=74 - 26 * clap,
        kick_left=9 * math.sin(2 * turn),
        kick_right=9 * math.sin(2 * turn + 2),
        eyes=0.0 if step % 60 in {40, 41} else 1.0,
        gaze=3 * wave,
        mouth=0.35 if clap > 0.6 else 0.0,
    )


def _standing(step: int) -> Figure:
    turn = _loop(step, 2.0)
    bounce = 8 * abs(math.sin(turn))
    return replace(
        _STANDING,
        y=422 + bounce,
        left_y=120 - bounce,
        right_y=120 - bounce,
        length=162 - bounce,
        head_deg=5 * math.sin(turn),
        head_y=2 * math.sin(2 * turn),
        mouth=0.5 if math.sin(turn) > 0.3 else 0.0,
        eyes=0.0 if step % 30 in {3, 4} else 1.0,
    )


def _lifted(dx: float) -> Figure:
    return replace(HELD, x=HELD.x + dx)


# From when on which pose holds, and how long the child takes to come into it.
_ACTS: tuple[tuple[float, float, Callable[[int], Figure] | None], ...] = (
    (0.0, 0.0, None),
    (9.0, 0.8, _stirring),
    (17.2, 0.8, None),
    (29.0, 0.8, _stirring),
    (36.0, 0.4, _crying),
    (62.0, 1.5, _sitting),
    (76.0, 1.5, _standing),
    (98.4, 2.0, lambda _: _lifted(_FIRST_DX)),
    (146.0, 0.0, lambda _: _lifted(_SECOND_DX)),
    (151.6, 2.2, _stirring),
    (175.0, 1.0, None),
    (245.0, 0.4, _stirring),
    (254.2, 0.8, None),
)  # fmt: skip


def _child_at(frame: int, at_s: float, rate_fps: int) -> Figure:
    at_s %= PERIOD_S
    number = max(index for index, act in enumerate(_ACTS) if act[0] <= at_s)
    start_s, blend_s, _ = _ACTS[number]
    step = int(at_s * POSE_RATE_FPS)
    now = _act_pose(number, step, frame, rate_fps)
    if at_s - start_s >= blend_s:
        return now
    before = _act_pose(number - 1, step, frame, rate_fps)
    # In steps of the pose rate, so that a pose is drawn once for the frames that show it.
    share = _ease((step / POSE_RATE_FPS - start_s) / blend_s)
    return before.toward(now, share)


def _act_pose(number: int, step: int, frame: int, rate_fps: int) -> Figure:
    pose = _ACTS[number][2]
    return _asleep(frame, rate_fps) if pose is None else pose(step)
