"""What the frame loop talks to: interfaces only, so that no stage imports a later one."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from av.video.frame import VideoFrame

from .models import AudioBlock, Frame, LinkState, LoopFigures, Reading, Signal, StreamInfo


class LoopSink(Protocol):
    """Receives what the loop finds, in the loop's thread (or its watchdog's for `on_link`). Must not block."""

    def on_link(self, state: LinkState) -> None: ...

    def on_info(self, info: StreamInfo) -> None: ...

    def on_generation(self) -> None:
        """The stream began anew with other parameters: viewers must open it again (within a second)."""
        ...

    def on_signals(self, signals: Sequence[Signal]) -> None: ...

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None: ...


class Senses(Protocol):
    """All detectors of one crib, called in the loop's thread only. Clock-free: times come with the data."""

    def on_info(self, info: StreamInfo) -> None:
        """A source was opened: audio present or not, overlay boxes. Keeps what was learned of the scene."""
        ...

    def on_frame(self, frame: Frame) -> Sequence[Signal]: ...

    def on_audio(self, block: AudioBlock) -> Sequence[Signal]: ...

    def reading(self, at_s: float) -> Reading: ...

    @property
    def wants_every_frame(self) -> bool:
        """False while nothing moves or sounds: the loop may then decode keyframes only."""
        ...

    @property
    def noisy(self) -> bool:
        """So noisy that a small movement which was not looked at shows neither in packets nor in the next keyframe."""
        ...

    @property
    def moved_s(self) -> float:
        """When something moved or sounded last (monotonic); -inf where nothing has yet."""
        ...

    @property
    def calm_for_s(self) -> float:
        """For so many seconds, up to the last frame, every frame was looked at and none gave even a suspicion."""
        ...

    @property
    def found_calm(self) -> bool:
        """True where every frame was looked at for a while and nothing has moved or sounded for longer.

        Never by default, by lack of frames, or where the picture cannot be judged.
        """
        ...

    def reset(self) -> None:
        """Forget the scene (another camera, privacy)."""
        ...

    def close(self, at_s: float) -> Sequence[Signal]:
        """Off-signals for all that is on (camera lost, privacy, stop). Usable again afterwards."""
        ...


class FrameTap(Protocol):
    """Gets a decoded full-size picture now and then (window clips). Loop's thread; must return within 2 ms."""

    interval_s: float
    """Wanted time between pictures; the loop gives the next decoded one after it."""

    def on_picture(self, frame: VideoFrame, at_s: float) -> None: ...


@runtime_checkable
class SoundTap(Protocol):
    """A `FrameTap` that is given the sound, too: what the detectors hear, 16 kHz mono. Loop's thread; must not wait."""

    def on_sound(self, block: AudioBlock) -> None: ...
