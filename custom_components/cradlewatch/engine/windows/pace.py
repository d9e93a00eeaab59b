"""How many pictures a second of a window is worth: each one costs its tokens."""

from enum import Enum

from ..models import Activity, Sleep


class Pace(Enum):
    """How often a frame is wanted; the values are seconds."""

    IDLE = 5.0
    """Asleep and still, or nobody in view."""
    QUIET = 4.0
    """Awake, but nothing moves."""
    CALM = 1.5
    """Small movements only."""
    NORMAL = 1.0
    INCIDENT = 0.5

    @property
    def offer_s(self) -> float:
        """How often the loop shall offer a picture, so that this pace is kept and a quicker one begins at once."""
        return 0.5 if self in (Pace.CALM, Pace.INCIDENT) else 1.0


def pace_of(
    *,
    sleep: Sleep | None,
    activity: Activity | None,
    occupancy: bool | None,
    sounds: bool,
    incident: bool,
) -> Pace:
    """The pace for what is known now. What is not known (None) is watched at the normal pace."""
    if incident:
        return Pace.INCIDENT
    if sounds or activity not in (Activity.STILL, Activity.CALM):
        return Pace.NORMAL
    if activity is Activity.CALM:
        return Pace.CALM
    if sleep is Sleep.ASLEEP or sleep is Sleep.AWAY or occupancy is False:
        return Pace.IDLE
    return Pace.QUIET
