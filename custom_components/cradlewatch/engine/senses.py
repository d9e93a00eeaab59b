"""All senses of one crib: frames and sound in, signals and a reading out. Loop's thread only, clock-free."""

from collections.abc import Sequence

from .detectors.backend import choose_backend
from .detectors.motion import ActivityMeter, MotionDetector
from .detectors.viewer import Viewer
from .models import AudioBlock, Frame, Reading, Signal, StreamInfo
from .settings import SenseSettings

_CURIOUS_S = 15.0
"""For so long after the last change every frame is wanted."""


class NurserySenses:
    """Implements `ports.Senses`."""

    def __init__(self, settings: SenseSettings) -> None:
        self._settings = settings
        self._viewer = Viewer(settings, choose_backend(settings.vision_backend))
        self._motion = MotionDetector()
        self._activity = ActivityMeter(settings.zones)
        self._last_s = 0.0

    def on_info(self, info: StreamInfo) -> None:
        """A source was opened. What was learned of the scene is kept."""
        self._viewer.set_overlays(info.overlay_boxes_xyxy)

    def on_frame(self, frame: Frame) -> Sequence[Signal]:
        """Look at one frame."""
        self._last_s = frame.at_s
        view = self._viewer.look(frame)
        signals = self._motion.detect(view)
        self._activity.update(view, motion=self._motion.active)
        return signals

    def on_audio(self, block: AudioBlock) -> Sequence[Signal]:
        """Listen to one block."""
        return ()

    def reading(self, at_s: float) -> Reading:
        """What is known now."""
        return Reading(
            at_s=at_s,
            motion=self._motion.active,
            activity_level=round(self._activity.level, 1),
            activity=self._activity.state,
        )

    @property
    def wants_every_frame(self) -> bool:
        """True while something changes, or did a moment ago."""
        return self._motion.active or self._last_s - self._motion.suspected_s < _CURIOUS_S

    def reset(self) -> None:
        """Forget the scene."""
        self._viewer.reset()
        self._motion.reset()
        self._activity.reset()

    def close(self, at_s: float) -> Sequence[Signal]:
        """Off-signals for all that is on."""
        self._activity.reset()
        return self._motion.close(at_s)
