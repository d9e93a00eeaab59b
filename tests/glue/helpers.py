"""What several glue tests need."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

KEY = "test-key-0123456789"


def write_video(path: Path, *, frames: int = 30) -> Path:
    """A second and more of moving H.264."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=15, options={"tune": "zerolatency", "g": "15"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.time_base = Fraction(1, 15)
        for index in range(frames):
            picture = np.full((180, 320, 3), 60, np.uint8)
            picture[40:90, 5 * index : 5 * index + 50] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def write_sound(path: Path) -> Path:
    """Half a second of AAC and no picture."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=16000, layout="mono")
        for start in range(0, 8192, 1024):
            tone = np.sin(np.arange(start, start + 1024) / 8).astype(np.float32)[None, :]
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, start
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path
