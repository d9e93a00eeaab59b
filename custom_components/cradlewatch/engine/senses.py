"""All senses of one crib: frames and sound in, signals and a reading out. Loop's thread only, clock-free."""

from collections.abc import Sequence

from .detectors.backend import choose_backend
from .detectors.micro_motion import MicroMotionDetector
from .detectors.motion import ActivityMeter, MotionDetector
from .detectors.occupancy import OccupancyDetector, VisitorDetector
from .detectors.scene import SceneDetector
from .detectors.view import Detector
from .detectors.viewer import Viewer
from .detectors.zones import danger_zones
from .models import AudioBlock, Frame, Reading, Signal, StreamInfo
from .settings import SenseSettings
from .sound.listener import Listener

_CURIOUS_S = 15.0
"""For so long after something moved or sounded every frame is wanted."""
_SUSPICIOUS_S = 2.0
"""The same after a change that was not confirmed: movement is confirmed within a second of it."""
_SMALL_MOVEMENT_TRY_S = 20.0
"""So long a window for small movement is waited for; strongly compressed pictures may never give one."""
_CALM_S = 30.0
_CALM_LOOK_S = 2.0
"""Calm is found when every frame was looked at for `_CALM_LOOK_S`, without a suspicion, and nothing has moved for
`_CALM_S`."""
_GAP_S = 1.0
"""A longer time between two frames is no look at every frame."""
_NOISY, _NOISY_NO_MORE = 2.0, 1.8
"""Gray levels that one pixel usually differs by from frame to frame, after the coder: above it packets are full of it
and tell of no small movement, nor does the next keyframe (docs/performance.md). And where it is not so any more."""
_SMALL_MOVEMENT_EVERY_S = 180.0
"""A window takes 12 s of looking at every frame: seldom, for that is what an idle camera costs most by."""
_SILENT_AFTER_S = 5.0
"""Without a block of sound for so long, what is heard is not known."""
_BLIND_AFTER_S = 10.0
"""Without a frame for so long (packets come, but cannot be decoded), what is seen is not known."""


class NurserySenses:
    """Implements `ports.Senses`."""

    def __init__(self, settings: SenseSettings) -> None:
        self._viewer = Viewer(settings, choose_backend(settings.vision_backend))
        self._motion = MotionDetector()
        self._activity = ActivityMeter(settings.zones)
        self._scene = SceneDetector()
        self._zones = danger_zones(settings.zones, settings.age_stage)
        self._micro = MicroMotionDetector(settings.zones)
        self._visitor = VisitorDetector(settings.zones)
        self._occupancy = OccupancyDetector(settings.zones)
        self._listener = Listener()
        self._detectors: tuple[Detector, ...] = (self._motion, self._scene, *self._zones, self._visitor)
        self._last_s = float("-inf")
        self._moved_s = float("-inf")
        self._began_s: float | None = None
        self._overdue_since_s: float | None = None
        self._gave_up_s = float("-inf")
        self._restless_s = float("-inf")
        """The last frame that may hide a change, or the first after a gap."""
        self._eye: tuple[tuple[int, int], str] | None = None
        self._noisy = False

    def on_info(self, info: StreamInfo) -> None:
        """A source was opened, or another one is looked at. What was learned of the scene is kept.

        Another stream of the camera has another noise: what was learned of that is not.
        """
        eye = (info.size_wh, info.video_codec)
        if self._eye is not None and eye != self._eye:
            self._viewer.reset()
        self._eye = eye
        self._viewer.set_overlays(info.overlay_boxes_xyxy)

    def on_frame(self, frame: Frame) -> Sequence[Signal]:
        """Look at one frame."""
        if self._began_s is None:
            self._began_s = frame.at_s
        gap_s, self._last_s = frame.at_s - self._last_s, frame.at_s
        view = self._viewer.look(frame)
        if view.settled:
            self._noisy = view.noise > (_NOISY_NO_MORE if self._noisy else _NOISY)
        signals = [signal for detector in self._detectors for signal in detector.detect(view)]
        motion = self._viewer.moving = self._motion.active
        self._activity.update(view, motion=motion)
        unseen = not self._visible(frame.at_s)
        self._micro.update(view, motion=motion or unseen)
        if not unseen:
            micro = self._micro.state(frame.at_s)
            signals += self._occupancy.update(view, motion=motion, micro_motion=micro, visitor=self._visitor.on)
        signals += self._silenced(frame.at_s)
        if motion:
            self._moved_s = frame.at_s
        if unseen or gap_s > _GAP_S or not view.settled or motion or self._motion.suspected_s == frame.at_s:
            self._restless_s = frame.at_s
        self._want_small_movement(frame.at_s)
        return signals

    def _silenced(self, at_s: float) -> tuple[Signal, ...]:
        """The sound stopped coming: what was on in it is over, for nothing more will say so."""
        heard_s = self._listener.last_s
        return self._listener.close(at_s) if heard_s is not None and at_s - heard_s >= _SILENT_AFTER_S else ()

    def _want_small_movement(self, at_s: float) -> None:
        """Begin to want every frame for it when it is due, give up where no window comes of it."""
        last_s = max(self._micro.last_judged_s, self._gave_up_s)
        if at_s - last_s <= _SMALL_MOVEMENT_EVERY_S:
            self._overdue_since_s = None
        elif self._overdue_since_s is None:
            self._overdue_since_s = at_s
        elif at_s - self._overdue_since_s > _SMALL_MOVEMENT_TRY_S:
            self._gave_up_s, self._overdue_since_s = at_s, None

    def on_audio(self, block: AudioBlock) -> Sequence[Signal]:
        """Listen to one block."""
        signals = self._listener.hear(block)
        if signals:
            self._moved_s = block.at_s
        return signals

    def reading(self, at_s: float) -> Reading:
        """What is known now."""
        heard_s = self._listener.last_s
        heard = heard_s is not None and at_s - heard_s < _SILENT_AFTER_S
        scene = self._scene
        return Reading(
            at_s=at_s,
            motion=self._motion.active and self._sees(at_s),
            activity_level=round(self._activity.level, 1),
            activity=self._activity.state,
            occupancy=self._occupancy.occupied if self._visible(at_s) else None,
            sound=self._listener.sound if heard else None,
            crying=self._listener.crying if heard else None,
            sound_level_dbfs=self._listener.level_dbfs if heard else None,
            micro_motion=True if self._micro.state(at_s) else self._no_micro(at_s),
            lens_covered=scene.covered,
            too_dark=scene.dark,
            frozen=scene.frozen,
            moved=scene.moved(at_s),
            infrared=scene.infrared,
            visible=self._visible(at_s),
            visitor=self._visitor.on and self._sees(at_s),
        )

    def _no_micro(self, at_s: float) -> bool | None:
        """False only where a whole window was judged and nothing else moves; else not known."""
        return None if self._motion.active or not self._visible(at_s) else self._micro.state(at_s)

    def _sees(self, at_s: float) -> bool:
        return at_s - self._last_s < _BLIND_AFTER_S

    def _visible(self, at_s: float) -> bool:
        scene = self._scene
        return self._sees(at_s) and not (scene.covered or scene.dark or scene.frozen or scene.moved(at_s))

    @property
    def wants_every_frame(self) -> bool:
        """True while something changes or sounds, or did a moment ago, and now and then for small movement."""
        if self._motion.active or self._listener.sound or self._last_s - self._moved_s < _CURIOUS_S:
            return True
        return self._last_s - self._motion.suspected_s < _SUSPICIOUS_S or self._overdue_since_s is not None

    @property
    def noisy(self) -> bool:
        """So noisy that a small movement which was not looked at shows neither in packets nor in the next keyframe."""
        return self._noisy

    @property
    def moved_s(self) -> float:
        """When something moved or sounded last (monotonic), -inf before."""
        return self._moved_s

    @property
    def calm_for_s(self) -> float:
        """Seconds for which every frame was looked at and none gave even a suspicion."""
        return 0.0 if self._began_s is None else self._last_s - max(self._restless_s, self._moved_s)

    @property
    def found_calm(self) -> bool:
        """True where every frame was looked at for a while and nothing has moved or sounded for longer."""
        if self._began_s is None or self.wants_every_frame:
            return False
        return self.calm_for_s >= _CALM_LOOK_S and self._last_s - max(self._moved_s, self._began_s) >= _CALM_S

    def learn_empty(self) -> bool:
        """What is seen now is the empty crib (the parent's button). False if nothing has been seen yet."""
        return self._occupancy.learn_empty()

    @property
    def knows_empty(self) -> bool:
        """The empty crib was learned, by the parent's button or by itself."""
        return self._occupancy.knows_empty

    def on_verdict_hint(self, child_in_view: bool, at_s: float) -> None:
        """A model saw a child, or none, in a picture taken at `at_s`."""
        self._occupancy.on_verdict_hint(child_in_view, at_s)

    def reset(self) -> None:
        """Forget the scene and the room's sound."""
        self._viewer.reset()
        for detector in self._detectors:
            detector.reset()
        self._activity.reset()
        self._micro.reset()
        self._occupancy.reset()
        self._listener.reset()
        self._moved_s = self._restless_s = self._gave_up_s = float("-inf")
        self._noisy = False
        self._began_s = self._overdue_since_s = None

    def close(self, at_s: float) -> Sequence[Signal]:
        """Off-signals for all that is on."""
        signals = [signal for detector in self._detectors for signal in detector.close(at_s)]
        signals += self._occupancy.close(at_s)
        signals += self._listener.close(at_s)
        self._occupancy.forget_presence()
        self._activity.reset()
        self._micro.reset()
        return signals
