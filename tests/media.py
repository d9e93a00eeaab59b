"""Makes test clips: seeded, real codecs, frame numbers painted where they can be read back."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import hashlib
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
import numpy as np
from numpy.typing import NDArray

from custom_components.cradlewatch.engine.source.frame_code import paint_frame_code

_AUDIO_RATES = {"pcm_mulaw": 8000, "pcm_alaw": 8000, "libopus": 48_000}
_BLOCK = 960


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a clip holds. `audio` is an encoder's name or None."""

    codec: str = "libx264"
    seconds: float = 2.0
    fps: int = 15
    size_wh: tuple[int, int] = (640, 360)
    gop: int = 15
    b_frames: int = 0
    audio: str | None = None
    channels: int = 1
    first_number: int = 0
    seed: int = 7
    restless: bool = False
    """The blob is somewhere else five times a second: movement that never becomes usual."""
    ticks: tuple[int, ...] = ()
    """How long each picture stays, in turn, in frames; empty: one frame each."""
    begins: int = 0
    """Time of the first picture, in frames."""
    audio_seconds: float | None = None
    """The sound stops after so long, with the picture going on."""
    container: str = ""
    """FFmpeg format; by the file's suffix if empty."""


def clip(folder: Path, suffix: str, spec: Clip) -> Path:
    """The file of `spec` in `folder`, made at the first call."""
    digest = hashlib.sha256(repr(spec).encode()).hexdigest()[:12]
    path = folder / f"clip-{digest}{suffix}"
    if not path.exists():
        write_clip(path, spec)
    return path


def write_clip(path: Path, spec: Clip) -> None:
    """Encode `spec` into `path`."""
    with av.open(str(path), "w", format=spec.container or None) as out:
        video = out.add_stream(spec.codec, rate=spec.fps)
        assert isinstance(video, VideoStream)
        video.width, video.height = spec.size_wh
        video.pix_fmt = "yuvj420p" if spec.codec == "mjpeg" else "yuv420p"
        video.codec_context.gop_size = spec.gop
        video.codec_context.max_b_frames = spec.b_frames
        video.codec_context.bit_rate = 2_000_000
        video.codec_context.options = _options(spec)
        audio = None
        if spec.audio:
            audio = out.add_stream(spec.audio, rate=_AUDIO_RATES.get(spec.audio, 16_000))
            assert isinstance(audio, AudioStream)
            audio.codec_context.layout = "mono" if spec.channels == 1 else "stereo"
        _write(out, video, audio, spec)


def joined(path: Path, *parts: Path) -> Path:
    """MPEG-TS files one behind the other, as a camera sends that is set anew while it runs."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def _options(spec: Clip) -> dict[str, str]:
    if spec.codec == "libx264":
        return {"preset": "veryfast", "x264-params": f"scenecut=0:keyint={spec.gop}:min-keyint={spec.gop}"}
    if spec.codec == "libx265":
        return {
            "preset": "ultrafast",
            "x265-params": f"log-level=none:keyint={spec.gop}:min-keyint={spec.gop}:bframes={spec.b_frames}:scenecut=0",
        }
    return {}


def _write(out: av.container.OutputContainer, video: VideoStream, audio: AudioStream | None, spec: Clip) -> None:
    sound = tone(audio.codec_context.sample_rate, spec) if audio else iter(())
    heard_s, shown = 0.0, 0
    for index in range(round(spec.seconds * spec.fps)):
        frame = VideoFrame.from_ndarray(picture(spec, index), format="yuv420p")
        frame.pts, frame.time_base = spec.begins + shown, Fraction(1, spec.fps)
        shown += spec.ticks[index % len(spec.ticks)] if spec.ticks else 1
        out.mux(video.encode(frame))
        while audio and heard_s < min(shown / spec.fps, spec.audio_seconds or float("inf")):
            block = next(sound)
            out.mux(audio.encode(block))
            heard_s += block.samples / block.sample_rate
    out.mux(video.encode(None))
    if audio:
        out.mux(audio.encode(None))


def picture(spec: Clip, index: int) -> NDArray[np.uint8]:
    """I420 picture `index`: still noise, a blob that wanders, the frame number."""
    width, height = spec.size_wh
    noise = np.random.default_rng(spec.seed).integers(60, 120, (height // 8, width // 8), dtype=np.uint8)
    luma = np.kron(noise, np.ones((8, 8), np.uint8))
    luma = np.pad(luma, ((0, height - luma.shape[0]), (0, width - luma.shape[1])), mode="edge")
    x, y = (index * 5) % (width - 40), height // 3
    if spec.restless:
        moved = np.random.default_rng((spec.seed, index // 3))
        x, y = int(moved.integers(0, width - 40)), int(moved.integers(0, height - 40))
    luma[y : y + 40, x : x + 40] = 220
    paint_frame_code(luma, spec.first_number + index)
    chroma = np.full((height // 2, width), 128, np.uint8)
    return np.vstack([luma, chroma])


def tone(rate_hz: int, spec: Clip) -> Iterator[AudioFrame]:
    """A 440 Hz tone without end, in blocks of 960 samples."""
    start = 0
    while True:
        at = (np.arange(start, start + _BLOCK) / rate_hz).astype(np.float64)
        mono = (np.sin(2 * np.pi * 440 * at) * 12_000).astype(np.int16)
        samples = np.repeat(mono, spec.channels)[None, :]
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono" if spec.channels == 1 else "stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
        start += _BLOCK
        yield frame
