"""Generated camera pictures, encoded once and cut into RTP packets that only need new numbers when they are sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import os
from pathlib import Path
import pickle
import struct
import sys
import time

import av
from av.audio.frame import AudioFrame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
import numpy as np
from numpy.typing import NDArray

RATE_FPS = 30
SOUND_RATE_HZ = 48_000
VIDEO_CLOCK_HZ = 90_000
# 1875 AAC frames of 1024 samples are 40 s exactly, and so are 20 GOPs of 2 s and 4 of 10 s: loops without a seam.
FRAMES = 1200
LOOP_S = FRAMES / RATE_FPS
SOUND_FRAMES = 1875
_LEAD_IN = 600
"""Frames encoded and thrown away before the loop: x264's rate control takes 20 s to settle, and in the middle of a
camera's night there is no such beginning every 40 s."""
_FORMAT_VERSION = 6
_PAYLOAD_BYTES = 1400
# No look-ahead and no psychovisual tricks: frames of a still scene come out at nearly equal sizes, as from a camera.
_LIKE_A_CHIP = "sliced-threads=0:threads=2:aq-mode=0:mbtree=0:weightp=0:rc-lookahead=0:no-dct-decimate=1:trellis=0"
_AAC_FORMAT = "profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpec:
    """One kind of camera."""

    name: str
    size_wh: tuple[int, int]
    bits_per_s: int
    gop_s: int
    moving: bool = True
    numbered: bool = True
    """The frame number changes in every frame: left out where nothing may seem to move."""


CLIPS = {
    spec.name: spec
    for spec in (
        ClipSpec(name="1080p30-gop2", size_wh=(1920, 1080), bits_per_s=3_000_000, gop_s=2),
        ClipSpec(name="1080p30-gop10", size_wh=(1920, 1080), bits_per_s=3_000_000, gop_s=10),
        ClipSpec(name="1080p30-still", size_wh=(1920, 1080), bits_per_s=3_000_000, gop_s=2, moving=False),
        ClipSpec(
            name="1080p30-plain", size_wh=(1920, 1080), bits_per_s=3_000_000, gop_s=2, moving=False, numbered=False
        ),
        ClipSpec(name="720p30-gop2", size_wh=(1280, 720), bits_per_s=2_000_000, gop_s=2),
        ClipSpec(name="720p30-gop10", size_wh=(1280, 720), bits_per_s=2_000_000, gop_s=10),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is sent at one moment: the RTP packets of one video or sound frame, without looped numbers yet."""

    at_s: float
    channel: int
    packets: tuple[bytes, ...]
    frame_number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One clip, ready to be sent for ever."""

    name: str
    sdp: str
    units: tuple[Unit, ...]
    packets_a_loop: tuple[int, int]
    bits_per_s: int


def cache_folder() -> Path:
    """Where prepared clips are kept between runs."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cradlewatch-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def prepare(name: str) -> Path:
    """Path of the prepared clip; made now where it is not there (about a minute for 1080p)."""
    path = cache_folder() / f"{name}-v{_FORMAT_VERSION}.pickle"
    if not path.exists():
        began_s = time.monotonic()
        mount = _make(CLIPS[name])
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(pickle.dumps(mount))
        part.replace(path)
        print(f"bench: made {name} in {time.monotonic() - began_s:.0f} s ({path})", file=sys.stderr, flush=True)
    return path


def load(path: Path) -> Mount:
    """A clip that `prepare` made (our own file)."""
    mount: Mount = pickle.loads(path.read_bytes())
    return mount


def _make(spec: ClipSpec) -> Mount:
    video_units, parameter_sets, video_count, video_bytes = _video_units(spec)
    sound_units, sound_config = _sound_units()
    sdp = _sdp(parameter_sets, sound_config)
    units = sorted(video_units + sound_units, key=lambda unit: unit.at_s)
    return Mount(
        name=spec.name,
        sdp=sdp,
        units=tuple(units),
        packets_a_loop=(video_count, SOUND_FRAMES),
        bits_per_s=round(video_bytes * 8 / LOOP_S),
    )


def pictures(spec: ClipSpec, count: int = FRAMES, lead_in: int = 0) -> Iterator[NDArray[np.uint8]]:
    """Luma planes: a smooth room, sensor noise, a blob that walks and swells (unless still), the frame number.

    `lead_in` frames of the loop's end come before the first one.
    """
    from engine.source.frame_code import paint_frame_code

    width, height = spec.size_wh
    random = np.random.default_rng(7)
    rows, columns = np.mgrid[0:height, 0:width]
    room = (110 + 40 * np.sin(columns / 170) * np.cos(rows / 110)).astype(np.int16)
    # Noise of 2 gray levels, as a good camera in daylight; rolled, so that no two frames are equal.
    noises = [random.normal(0, 2.0, (height, width)).round().astype(np.int8) for _ in range(3)]
    for number in (*range(FRAMES - lead_in, FRAMES), *range(count)):
        noise = np.roll(noises[number % 3], (number * 37 % height, number * 91 % width), (0, 1))
        picture = room + noise
        if spec.moving:
            angle = 2 * np.pi * number / FRAMES
            x, y = width * (0.5 + 0.3 * np.sin(5 * angle)), height * (0.5 + 0.25 * np.sin(7 * angle))
            side = round(height * (0.12 + 0.02 * np.sin(40 * angle)))
            top, left = round(y) - side, round(x) - side
            picture[top : top + 2 * side, left : left + 2 * side] += 50
        plane = np.clip(picture, 16, 235).astype(np.uint8)
        if spec.numbered:
            paint_frame_code(plane, number)
        yield plane


def encoder(spec: ClipSpec) -> VideoCodecContext:
    """x264 as a camera's chip does it: no B-frames, fixed GOP, steady rate."""
    context = VideoCodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = spec.size_wh
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, RATE_FPS)
    context.framerate = Fraction(RATE_FPS)
    context.bit_rate = spec.bits_per_s
    keyframes = str(spec.gop_s * RATE_FPS)
    context.options = {
        "preset": "veryfast", "tune": "zerolatency", "bf": "0", "g": keyframes, "keyint_min": keyframes,
        "sc_threshold": "0", "x264-params": _LIKE_A_CHIP,
    }  # fmt: skip
    return context


def _video_units(spec: ClipSpec) -> tuple[list[Unit], tuple[bytes, bytes], int, int]:
    context = encoder(spec)
    encoded: list[bytes] = []
    for index, plane in enumerate(pictures(spec, lead_in=_LEAD_IN)):
        height, width = plane.shape
        frame = VideoFrame.from_ndarray(np.vstack([plane, np.full((height // 2, width), 128, np.uint8)]), "yuv420p")
        frame.pts = index
        encoded += [bytes(packet) for packet in context.encode(frame)]
    encoded += [bytes(packet) for packet in context.encode(None)]
    # A whole number of GOPs, so the loop begins with a keyframe.
    del encoded[:_LEAD_IN]
    assert len(encoded) == FRAMES
    units: list[Unit] = []
    sets: dict[int, bytes] = {}
    sequence = 0
    for number, data in enumerate(encoded):
        nals = list(_nals(data))
        sets |= {nal[0] & 31: nal for nal in nals if nal[0] & 31 in (7, 8)}
        packets = list(_rtp_h264(nals, sequence, number * VIDEO_CLOCK_HZ // RATE_FPS))
        sequence += len(packets)
        units.append(Unit(at_s=number / RATE_FPS, channel=0, packets=tuple(packets), frame_number=number))
    return units, (sets[7], sets[8]), sequence, sum(map(len, encoded))


def _nals(annexb: bytes) -> Iterator[bytes]:
    """NAL units without start codes; access unit delimiters and SEI are left out, as most cameras do."""
    for part in annexb.split(b"\x00\x00\x01")[1:]:
        nal = part.rstrip(b"\x00")
        if nal and nal[0] & 31 not in (6, 9):
            yield nal


def _rtp_h264(nals: list[bytes], sequence: int, timestamp: int) -> Iterator[bytes]:
    """RFC 6184: single NAL units, and FU-A where one is too long for a packet."""
    payloads: list[bytes] = []
    for nal in nals:
        if len(nal) <= _PAYLOAD_BYTES:
            payloads.append(nal)
            continue
        indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 31
        step = _PAYLOAD_BYTES - 2
        for at in range(1, len(nal), step):
            flags = (0x80 if at == 1 else 0) | (0x40 if at + step >= len(nal) else 0)
            payloads.append(bytes((indicator, flags | kind)) + nal[at : at + step])
    for index, payload in enumerate(payloads):
        last = index == len(payloads) - 1
        yield rtp_header(96, sequence + index, timestamp, marker=last, source=0x1111) + payload


def rtp_header(kind: int, sequence: int, timestamp: int, *, marker: bool, source: int) -> bytes:
    """Twelve bytes of RFC 3550."""
    return struct.pack(
        "!BBHII", 0x80, kind | (0x80 if marker else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source
    )


def _sound_units() -> tuple[list[Unit], bytes]:
    context = av.AudioCodecContext.create("aac", "w")
    context.sample_rate = SOUND_RATE_HZ
    context.layout = "mono"
    context.format = "fltp"
    context.bit_rate = 64_000
    context.open()
    random = np.random.default_rng(3)
    encoded: list[bytes] = []
    for index in range(SOUND_FRAMES + 4):
        samples = random.normal(0, 0.02, (1, 1024)).astype(np.float32)
        frame = AudioFrame.from_ndarray(samples, "fltp", "mono")
        frame.sample_rate = SOUND_RATE_HZ
        frame.pts = index * 1024
        encoded += [bytes(packet) for packet in context.encode(frame)]
    units = []
    for index, data in enumerate(encoded[:SOUND_FRAMES]):
        # RFC 3640, AAC-hbr: length of the headers in bits, then 13 bits of size and 3 of index.
        payload = struct.pack("!HH", 16, len(data) << 3) + data
        header = rtp_header(97, index, index * 1024, marker=True, source=0x2222)
        units.append(Unit(at_s=index * 1024 / SOUND_RATE_HZ, channel=2, packets=(header + payload,), frame_number=None))
    assert len(units) == SOUND_FRAMES
    return units, bytes(context.extradata or b"")


def _sdp(sets: tuple[bytes, bytes], sound_config: bytes) -> str:
    from base64 import b64encode

    sps, pps = sets
    sprop = f"{b64encode(sps).decode()},{b64encode(pps).decode()}"
    return "\r\n".join([
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=Bench", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*", "a=range:npt=now-",
        "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", f"a=framerate:{RATE_FPS}",
        f"a=fmtp:96 packetization-mode=1;profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sprop}",
        "a=control:track0",
        "m=audio 0 RTP/AVP 97", f"a=rtpmap:97 mpeg4-generic/{SOUND_RATE_HZ}/1",
        f"a=fmtp:97 {_AAC_FORMAT};config={sound_config.hex()}",
        "a=control:track1", "",
    ])  # fmt: skip
