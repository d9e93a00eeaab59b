"""Footage through real encoders: x264 of several qualities, speeds and keyframe distances, and MJPEG."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
import io

import av
import numpy as np

from .rooms import FPS, Gray


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How a camera codes its picture."""

    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    scale: int = 1
    """The camera's picture is so many times larger than what the detectors get."""
    pixel_format: str = "yuv420p"

    def __str__(self) -> str:
        shown = " ".join(f"{key} {value}" for key, value in self.options.items() if key in {"crf", "g", "bf", "b"})
        return f"{self.codec} {shown}{' x' + str(self.scale) if self.scale > 1 else ''}"


def x264(crf: int, gop: int, *, preset: str = "veryfast", tune: str = "zerolatency", scale: int = 1) -> Coding:
    """Constant quality, as most cameras' encoders behave in a quiet picture."""
    options = {"crf": str(crf), "g": str(gop), "preset": preset, "threads": "1"}
    return Coding(options=options | ({"tune": tune} if tune else {}), scale=scale)


def x264_rate(kilobits: int, gop: int) -> Coding:
    """Constant rate: the quality goes up and down with what there is to code."""
    rate = f"{kilobits}k"
    options = {"b": rate, "maxrate": rate, "bufsize": rate, "g": str(gop), "preset": "veryfast", "threads": "1"}
    return Coding(options=options)


def mjpeg(quality: int) -> Coding:
    """Every frame for itself; 2 is fine, 31 is coarse."""
    return Coding(
        codec="mjpeg", options={"qmin": str(quality), "qmax": str(quality), "threads": "1"}, pixel_format="yuvj420p"
    )


CODINGS: dict[str, Coding] = {
    "x264 crf 23, 1 s": x264(23, 5),
    "x264 crf 28, 2 s": x264(28, 10),
    "x264 crf 30, 4 s, B frames": x264(30, 20, preset="faster", tune=""),
    "x264 crf 32, 10 s": x264(32, 50),
    "x264 crf 35, 2 s": x264(35, 10),
    "x264 100 kbit/s, 2 s": x264_rate(100, 10),
    "x264 twice the size, crf 28, 2 s": x264(28, 10, scale=2),
    "mjpeg 5": mjpeg(5),
    "mjpeg 15": mjpeg(15),
}


def coded(frames: Iterator[tuple[float, Gray]], coding: Coding, *, fps: float = FPS) -> Iterator[tuple[float, Gray]]:
    """The frames after the real encoder and decoder, at their own size again."""
    file = io.BytesIO()
    times: list[float] = []
    shape: tuple[int, int] = (0, 0)
    with av.open(file, "w", format="matroska") as out:
        stream = None
        for t_s, gray in frames:
            times.append(t_s)
            if stream is None:
                shape = (gray.shape[0], gray.shape[1])
                stream = out.add_stream(coding.codec, rate=Fraction(fps).limit_denominator(1000))
                stream.height, stream.width = (side * coding.scale & ~1 for side in shape)
                stream.pix_fmt, stream.options = coding.pixel_format, coding.options
                stream.codec_context.color_range = 2
            out.mux(stream.encode(_frame(gray, coding)))
        if stream is not None:
            out.mux(stream.encode())
    file.seek(0)
    with av.open(file) as made:
        for t_s, frame in zip(times, made.decode(video=0), strict=False):
            luma = frame.to_ndarray()[: frame.height].astype(np.uint8, copy=False)
            yield t_s, _shrunk(luma, coding.scale)


def _frame(gray: Gray, coding: Coding) -> av.VideoFrame:
    large = _grown(gray, coding.scale)
    height, width = large.shape[0] & ~1, large.shape[1] & ~1
    plane = np.full((height * 3 // 2, width), 128, np.uint8)
    plane[:height] = large[:height, :width]
    return av.VideoFrame.from_ndarray(plane, format=coding.pixel_format)


def _grown(gray: Gray, scale: int) -> Gray:
    return gray if scale == 1 else np.kron(gray, np.ones((scale, scale), np.uint8))


def _shrunk(luma: Gray, scale: int) -> Gray:
    if scale == 1:
        return luma.copy()
    height, width = luma.shape[0] // scale, luma.shape[1] // scale
    blocks = luma[: height * scale, : width * scale].reshape(height, scale, width, scale)
    return (blocks.mean(axis=(1, 3)) + 0.5).astype(np.uint8)
