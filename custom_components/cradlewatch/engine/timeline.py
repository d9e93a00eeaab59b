"""One continuous, monotone timeline for viewers, whatever the camera's clock does."""

from dataclasses import dataclass

# MPEG-TS counts 33 bits of a 90 kHz clock. Demuxers wrap wrongly when the stream starts close to 0 (measured).
START_S = 3600.0
# A camera may send one frame a second in the dark; a longer hole or a step back is a clock that was set.
_FORWARD_JUMP_S = 3.0
_BACKWARD_JUMP_S = 0.5
_AUDIO_DRIFT_LIMIT_S = 2.0
_AUDIO_RESYNC_AFTER = 25


@dataclass(slots=True)
class TimelineCounts:
    """What had to be mended."""

    video_jumps: int = 0
    audio_dropped: int = 0
    audio_resyncs: int = 0
    timestamps_mended: int = 0


class Timeline:
    """Maps input decoding times (seconds) of video and audio to the output timeline.

    The output never steps back and has no hole where the camera was away or its clock jumped: the time
    is shifted so that the next frame follows the last one. One instance lives as long as the muxer does.
    """

    def __init__(self) -> None:
        self.counts = TimelineCounts()
        self._video_offset_s: float | None = None
        self._audio_offset_s: float | None = None
        self._video_in_s = 0.0
        self._video_out_s: float | None = None
        self._audio_out_s: float | None = None
        self._frame_s = 1 / 30
        self._audio_off_course = 0

    @property
    def video_out_s(self) -> float | None:
        """Output time of the newest video packet."""
        return self._video_out_s

    def source_reopened(self) -> None:
        """The next packets come from a new connection with a clock of its own."""
        self._video_offset_s = None
        self._audio_offset_s = None
        self._audio_off_course = 0

    def video(self, in_s: float) -> float:
        """Output time of a video packet with decoding time `in_s`; strictly after the one before it."""
        if self._video_offset_s is None:
            self._shift_to_follow(in_s)
        else:
            step_s = in_s - self._video_in_s
            if step_s > _FORWARD_JUMP_S or step_s < -_BACKWARD_JUMP_S:
                self.counts.video_jumps += 1
                self._shift_to_follow(in_s)
            elif 0.001 < step_s < 1:
                self._frame_s += 0.1 * (step_s - self._frame_s)
        self._video_in_s = in_s
        assert self._video_offset_s is not None
        self._video_out_s = self._after(self._video_out_s, in_s + self._video_offset_s)
        return self._video_out_s

    def audio(self, in_s: float) -> float | None:
        """Output time of an audio packet, None where it must be dropped (before any video, or off course)."""
        if self._video_offset_s is None or self._video_out_s is None:
            return None
        if self._audio_offset_s is None:
            self._audio_offset_s = self._video_offset_s
        out_s = in_s + self._audio_offset_s
        if abs(out_s - self._video_out_s) > _AUDIO_DRIFT_LIMIT_S:
            self._audio_off_course += 1
            if self._audio_off_course < _AUDIO_RESYNC_AFTER:
                self.counts.audio_dropped += 1
                return None
            # Sound with a clock of its own: better a constant offset than none.
            self.counts.audio_resyncs += 1
            self._audio_offset_s += self._video_out_s - out_s
            out_s = self._video_out_s
        self._audio_off_course = 0
        self._audio_out_s = self._after(self._audio_out_s, out_s)
        return self._audio_out_s

    def _shift_to_follow(self, in_s: float) -> None:
        follows_s = START_S if self._video_out_s is None else self._video_out_s + self._frame_s
        self._video_offset_s = follows_s - in_s
        self._audio_offset_s = None

    def _after(self, last_s: float | None, wanted_s: float) -> float:
        if last_s is None or wanted_s > last_s:
            return wanted_s
        self.counts.timestamps_mended += 1
        # One tick of the 90 kHz clock of MPEG-TS, with room for rounding.
        return last_s + 2 / 90_000
