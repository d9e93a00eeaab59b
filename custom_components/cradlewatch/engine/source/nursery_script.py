"""What happens in the drawn nursery, and when: five minutes, then all over again."""

from dataclasses import dataclass
from enum import StrEnum

PERIOD_S = 300.0


class BeatKind(StrEnum):
    """What is true of the scene for the length of a beat."""

    STILL = "still"
    STIRS = "stirs"
    CRIES = "cries"
    FUSSES = "fusses"
    SITS = "sits"
    STANDS = "stands"
    OUT_OF_VIEW = "out_of_view"
    COMES_BACK = "comes_back"
    CARER = "carer"
    NOISE = "noise"
    INFRARED = "infrared"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneBeat:
    """One thing that happens, from `start_s` up to `end_s` of the period. Beats of unlike kind may overlap.

    STILL: nothing moves but the chest. STIRS: asleep or awake on the back, arms and legs move. CRIES: heard and seen.
    FUSSES: short unhappy sounds, no cry. SITS, STANDS: awake, upright. OUT_OF_VIEW: the crib is empty and nobody is
    in the picture. COMES_BACK: the child is carried in and laid down. CARER: an adult is in the picture.
    NOISE: loud sounds that are no voice. INFRARED and DAY: how the camera sees.
    """

    kind: BeatKind
    start_s: float
    end_s: float


SCRIPT: tuple[SceneBeat, ...] = tuple(
    SceneBeat(kind=kind, start_s=start_s, end_s=end_s)
    for kind, start_s, end_s in (
        (BeatKind.DAY, 0.0, 206.0),
        (BeatKind.STILL, 0.0, 9.0),
        (BeatKind.STIRS, 9.0, 18.0),
        (BeatKind.STILL, 18.0, 29.0),
        (BeatKind.STIRS, 29.0, 36.0),
        (BeatKind.FUSSES, 31.0, 36.0),
        (BeatKind.CRIES, 36.0, 62.0),
        (BeatKind.SITS, 63.5, 76.0),
        (BeatKind.STANDS, 77.5, 97.0),
        (BeatKind.CARER, 90.0, 106.0),
        (BeatKind.OUT_OF_VIEW, 106.0, 146.0),
        (BeatKind.COMES_BACK, 146.0, 156.0),
        (BeatKind.CARER, 146.0, 170.0),
        (BeatKind.STIRS, 154.0, 176.0),
        (BeatKind.STILL, 176.0, 200.0),
        (BeatKind.INFRARED, 206.0, 296.0),
        (BeatKind.STILL, 207.0, 244.0),
        (BeatKind.NOISE, 244.0, 247.0),
        (BeatKind.STIRS, 245.0, 255.0),
        (BeatKind.FUSSES, 247.0, 253.0),
        (BeatKind.STILL, 255.0, 295.0),
        (BeatKind.DAY, 296.0, 300.0),
        (BeatKind.STILL, 297.0, 300.0),
    )
)

DUSK_START_S, DUSK_END_S = 200.5, 205.0
"""Someone draws the curtains and puts out the lamp; soon after, the camera changes to infrared."""


def happens(kind: BeatKind, at_s: float) -> bool:
    """True while a beat of `kind` is on at `at_s` of the period."""
    return any(beat.kind is kind and beat.start_s <= at_s < beat.end_s for beat in SCRIPT)
