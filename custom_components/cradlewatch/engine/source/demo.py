"""`demo:`, a drawn nursery as a camera: frame numbers painted in, encoded here, in real time."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import time
from typing import Protocol
from urllib.parse import parse_qsl

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError, SourceProblem
from ..models import StreamInfo
from .audio import AacEncoder
from .encode import TICKS, H264Encoder
from .frame_code import FRAME_CODE_BOX_XYXY, paint_frame_code
from .pace import Pace
from .types import AbortToken, MediaItem

_CATCH_UP_S = 1.0
_AUDIO_BLOCK = 1024
_MAX_START_S = 86_400
_MAX_SPEED = 10


class Scene(Protocol):
    """What is drawn and heard. Pictures and samples are numbered from 0; the same number is the same picture."""

    @property
    def size_wh(self) -> tuple[int, int]: ...

    @property
    def frame_rate_fps(self) -> float: ...

    @property
    def sample_rate_hz(self) -> int: ...

    def frame_yuv420(self, index: int) -> NDArray[np.uint8]:
        """I420, (height * 3 // 2, width)."""
        ...

    def audio(self, start_sample: int, count: int) -> NDArray[np.int16]:
        """Mono samples, (count,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What stands behind `demo:?`."""

    start_s: float = 0.0
    """Second of the scene with which it begins, 0 to 86400."""
    speed: int = 1
    """The scene runs this many times as fast, 1 to 10: pictures and blocks of sound are left out."""

    def __post_init__(self) -> None:
        if not (0 <= self.start_s <= _MAX_START_S and 1 <= self.speed <= _MAX_SPEED):
            raise ValueError("out of range")


def demo_options(spec: str) -> DemoOptions:
    """The options of `demo:?start=SECONDS&speed=TIMES`. Raises SourceError."""
    _, _, query = spec.partition("?")
    try:
        options = dict(parse_qsl(query, strict_parsing=True)) if query else {}
        found = DemoOptions(start_s=float(options.pop("start", "0")), speed=int(options.pop("speed", "1")))
        if not options:
            return found
    except ValueError:
        pass
    raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "the demo knows ?start=SECONDS and &speed=TIMES")


class DemoSource:
    """A `Source` that draws. Behind by more than a second it leaves pictures out (their numbers are skipped)."""

    def __init__(self, scene: Scene, abort: AbortToken, options: DemoOptions | None = None) -> None:
        options = options or DemoOptions()
        self._scene = scene
        self._first_frame = round(options.start_s * scene.frame_rate_fps)
        self._first_sample = round(options.start_s * scene.sample_rate_hz)
        self._speed = options.speed
        self._pace = Pace(abort)
        self._encoder = H264Encoder(scene.size_wh, scene.frame_rate_fps)
        self._audio = AacEncoder(scene.sample_rate_hz, 1)
        self._next_sample = 0
        self.frames_skipped = 0

    @property
    def info(self) -> StreamInfo:
        """Always known: we make it."""
        return StreamInfo(
            size_wh=self._encoder.size_wh,
            video_codec="h264",
            frame_rate_fps=float(self._scene.frame_rate_fps),
            audio_codec="aac",
            audio_rate_hz=self._audio.rate_hz,
            encoder=self._encoder.encoder_name,
            overlay_boxes_xyxy=(FRAME_CODE_BOX_XYXY,),
        )

    @property
    def video_stream(self) -> VideoStream:
        """Our encoder's stream."""
        return self._encoder.stream

    @property
    def audio_stream(self) -> AudioStream:
        """Our encoder's stream."""
        return self._audio.stream

    def items(self) -> Iterator[MediaItem]:
        """See `Source.items`. Ends with SourceEndedError on abort only."""
        rate_fps = self._scene.frame_rate_fps
        index = 0
        while True:
            late_s = self._pace.wait(index / rate_fps)
            if late_s > _CATCH_UP_S:
                skipped = int(late_s * rate_fps)
                self.frames_skipped += skipped
                index += skipped
            try:
                yield from self._picture(index)
                yield from self._sound((index + 1) / rate_fps)
            except FFmpegError as error:
                failed = type(error).__name__
                break
            index += 1
        raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, f"the encoder failed: {failed}")

    def _picture(self, index: int) -> Iterator[MediaItem]:
        number = self._first_frame + index * self._speed
        picture = np.array(self._scene.frame_yuv420(number))
        paint_frame_code(picture[: self._scene.size_wh[1]], number)
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        ticks = int(index / Fraction(self._scene.frame_rate_fps) / TICKS)
        for packet in self._encoder.encode(frame, ticks):
            yield MediaItem(
                stream=self.video_stream,
                packet=packet,
                is_key=packet.is_keyframe,
                arrived_s=time.monotonic(),
                frame=frame,
            )

    def _sound(self, until_s: float) -> Iterator[MediaItem]:
        rate_hz = self._scene.sample_rate_hz
        # After skipped pictures the sound of that time is skipped, too.
        behind = int((until_s - _CATCH_UP_S) * rate_hz)
        if self._next_sample < behind:
            self._next_sample = behind - behind % _AUDIO_BLOCK + _AUDIO_BLOCK
        while (self._next_sample + _AUDIO_BLOCK) / rate_hz <= until_s:
            yield from self._block(self._next_sample)
            self._next_sample += _AUDIO_BLOCK

    def _block(self, start: int) -> Iterator[MediaItem]:
        rate_hz = self._scene.sample_rate_hz
        samples = np.ascontiguousarray(
            self._scene.audio(self._first_sample + start * self._speed, _AUDIO_BLOCK), dtype=np.int16
        )
        frame = AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = rate_hz
        for heard, packet in self._audio.encode(frame, Fraction(start, rate_hz)):
            yield MediaItem(
                stream=self.audio_stream, packet=packet, is_key=True, arrived_s=time.monotonic(), frame=heard
            )

    def close(self) -> None:
        """Release the encoders; safe to call twice."""
        self._encoder.close()
        self._audio.close()
