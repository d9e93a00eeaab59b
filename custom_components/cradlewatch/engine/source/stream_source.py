"""Packets of a reader become what viewers get: H.264 and HEVC as they are, everything else encoded once."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
import logging

from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from ..errors import SourceChangedError, SourceError, SourceProblem
from ..models import StreamInfo
from .audio import PASSED_CODEC, AudioTranscoder
from .encode import VideoTranscoder
from .nal import NalCodec, ParameterWatch
from .own_decoder import own_decoder
from .reader import MediaPacket, PacketReader, fraction_of
from .renewal import Renewal
from .types import MediaItem

_LOGGER = logging.getLogger(__name__)
_MAX_RATE_FPS = 240
_MAX_UNDATED = 8


@dataclass(slots=True, kw_only=True)
class SourceCounts:
    """What went wrong without ending the source; grows only."""

    corrupt_packets: int = 0
    dropped_audio: int = 0
    undecodable_video: int = 0


class _Timestamps:
    """Gives packets without a decoding time one: the last plus the duration, in units of the time base."""

    def __init__(self) -> None:
        self._next_dts: int | None = None

    def fill(self, packet: MediaPacket, fallback_duration: int) -> bool:
        """Complete `packet` in place; False when it cannot be placed in time (yet)."""
        if packet.dts is None:
            packet.dts = self._next_dts if self._next_dts is not None else packet.pts
        if packet.dts is None:
            return False
        if packet.pts is None:
            packet.pts = packet.dts
        elif packet.pts < packet.dts:
            packet.dts = packet.pts
        self._next_dts = packet.dts + (packet.duration or fallback_duration)
        return True


class StreamSource:
    """A `Source` over a reader. H.264, HEVC and AAC are passed on, the rest is encoded in this thread.

    With `pictures_only` nothing is encoded: what is not H.264 or HEVC comes as decoded frames, and no sound at all.
    """

    def __init__(self, reader: PacketReader, *, pictures_only: bool = False) -> None:
        self._reader = reader
        self._pictures_only = pictures_only
        self.counts = SourceCounts()
        self._rate_fps = rate_of(reader.video)
        codec = reader.video.codec_context.name
        self._watch: ParameterWatch | None = None
        self._renewal: Renewal | None = None
        self._video: VideoTranscoder | None = None
        self._decoder: VideoCodecContext | None = None
        """Of pictures that are neither passed on nor encoded."""
        self._audio: AudioTranscoder | None = None
        try:
            if codec in NalCodec:
                self._watch = ParameterWatch(NalCodec(codec), reader.video.codec_context.extradata)
                self._renewal = Renewal(NalCodec(codec), self._watch, reader.video)
            elif pictures_only:
                self._decoder = own_decoder(reader.video)
            else:
                self._video = VideoTranscoder(reader.video, self._rate_fps, live_clock=reader.live_clock)
            sound = None if pictures_only else reader.audio
            self._passed_audio = sound
            if sound is not None and sound.codec_context.codec.name != PASSED_CODEC:
                self._passed_audio = None
                self._audio = _transcoder(sound)
        except SourceError:
            self.close()
            raise
        self._undated: list[tuple[MediaPacket, float]] = []
        self._ready: deque[tuple[MediaPacket, float]] = deque()
        self._times = {"video": _Timestamps(), "audio": _Timestamps()}

    @property
    def info(self) -> StreamInfo:
        """What viewers get (codecs after our encoder), as far as the container tells."""
        context = self._passed_video.codec_context
        audio = self.audio_stream
        return StreamInfo(
            size_wh=self._video.size_wh if self._video else (context.width, context.height),
            video_codec="h264" if self._video else context.name,
            frame_rate_fps=self._rate_fps,
            audio_codec=audio.codec_context.codec.name if audio else None,
            audio_rate_hz=audio.codec_context.sample_rate if audio else None,
            encoder=self._video.encoder_name if self._video else None,
        )

    @property
    def video_stream(self) -> VideoStream:
        """Template of the video that `items` carries."""
        return self._video.stream if self._video else self._passed_video

    @property
    def _passed_video(self) -> VideoStream:
        return self._reader.video if self._renewal is None else self._renewal.stream

    @property
    def audio_stream(self) -> AudioStream | None:
        """Template of the sound that `items` carries."""
        return self._audio.stream if self._audio else self._passed_audio

    def items(self) -> Iterator[MediaItem]:
        """See `Source.items`."""
        yield from self._ready_items()
        for packet, arrived_s in self._reader.packets():
            if packet.is_corrupt:
                self.counts.corrupt_packets += 1
            if packet.stream.type == "video":
                yield from self._video_items(packet, arrived_s)
            elif not self._pictures_only:
                yield from self._audio_items(packet, arrived_s)

    def close(self) -> None:
        """Release the reader, the decoder with its last pictures, and the encoders."""
        self._reader.close()
        if self._renewal is not None:
            self._renewal.close()
        self._decoder = None
        if self._video is not None:
            self._video.close()
        if self._audio is not None:
            self._audio.close()

    def _video_items(self, packet: MediaPacket, arrived_s: float) -> Iterator[MediaItem]:
        if self._video is not None:
            yield from self._encoded_items(self._video, packet, arrived_s)
            return
        if self._watch is None:
            yield from self._decoded_items(packet, arrived_s)
            return
        duration = self._frame_duration(packet)
        if not self._times["video"].fill(packet, duration):
            self._hold(packet, arrived_s)
            return
        for place, (held, _) in enumerate(reversed(self._undated), 1):
            held.dts = held.pts = (packet.dts or 0) - place * duration
        self._ready.extend((*self._undated, (packet, arrived_s)))
        self._undated = []
        yield from self._ready_items()

    def _hold(self, packet: MediaPacket, arrived_s: float) -> None:
        """RTSP gives the first picture, a keyframe, no time: the next one's tells it."""
        if len(self._undated) < _MAX_UNDATED:
            self._undated.append((packet, arrived_s))
        else:
            self.counts.corrupt_packets += 1

    def _ready_items(self) -> Iterator[MediaItem]:
        while self._ready:
            # Taken away only when it is passed on: what changes the stream begins what comes after.
            item = self._passed(*self._ready[0])
            self._ready.popleft()
            yield item

    def _passed(self, packet: MediaPacket, arrived_s: float) -> MediaItem:
        is_key = bool(self._watch and self._watch.is_entry(bytes(packet), packet.is_keyframe))
        self._check_unchanged(packet, arrived_s)
        packet.is_keyframe = is_key
        return MediaItem(stream=self._passed_video, packet=packet, is_key=is_key, arrived_s=arrived_s)

    def _check_unchanged(self, packet: MediaPacket, arrived_s: float) -> None:
        is_other = packet.has_sidedata("new_extradata")
        if not is_other and not (self._watch and self._watch.changed):
            return
        goes_on = not is_other and self._renewal is not None and self._renewal.follow(packet, arrived_s)
        what = "the camera changed its picture format"
        raise SourceChangedError(SourceProblem.CANNOT_CONNECT, what, goes_on=goes_on)

    def _encoded_items(self, video: VideoTranscoder, packet: MediaPacket, arrived_s: float) -> Iterator[MediaItem]:
        try:
            for frame, encoded in video.transcode(packet, arrived_s):
                yield MediaItem(
                    stream=video.stream, packet=encoded, is_key=encoded.is_keyframe, arrived_s=arrived_s, frame=frame
                )
        except FFmpegError:
            # One broken picture; the next one is a keyframe in MJPEG and soon one in the others.
            self.counts.undecodable_video += 1

    def _decoded_items(self, packet: MediaPacket, arrived_s: float) -> Iterator[MediaItem]:
        try:
            for frame in self._decoder.decode(packet) if self._decoder is not None else ():
                yield MediaItem(stream=self._reader.video, packet=packet, is_key=True, arrived_s=arrived_s, frame=frame)
        except FFmpegError:
            self.counts.undecodable_video += 1

    def _audio_items(self, packet: MediaPacket, arrived_s: float) -> Iterator[MediaItem]:
        if self._audio is not None:
            for frame, encoded in self._audio.transcode(packet, arrived_s):
                yield MediaItem(
                    stream=self._audio.stream, packet=encoded, is_key=True, arrived_s=arrived_s, frame=frame
                )
            self.counts.dropped_audio = self._audio.dropped
        elif self._passed_audio is not None and self._times["audio"].fill(packet, packet.duration or 0):
            yield MediaItem(stream=packet.stream, packet=packet, is_key=True, arrived_s=arrived_s)
        else:
            self.counts.dropped_audio += 1

    def _frame_duration(self, packet: MediaPacket) -> int:
        return max(1, round(1 / (self._rate_fps or 25) / fraction_of(packet.time_base)))


def rate_of(stream: VideoStream) -> float | None:
    """Frames a second as the container says it, None where it does not or talks nonsense."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < float(rate) <= _MAX_RATE_FPS:
            return float(rate)
    return None


def _transcoder(stream: AudioStream) -> AudioTranscoder | None:
    try:
        return AudioTranscoder(stream)
    except FFmpegError, ValueError:
        # A picture without sound is worth more than neither; its packets are counted as dropped.
        _LOGGER.warning("The camera's sound (%s) cannot be encoded for viewers", stream.codec_context.codec.name)
        return None
