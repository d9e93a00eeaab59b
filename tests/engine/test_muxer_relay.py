"""Muxer, ring and relay together: what a real viewer reads from the socket."""

from collections.abc import Iterator
from itertools import pairwise
import logging
from pathlib import Path
import resource
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time

import av
import numpy as np
import pytest

from custom_components.cradlewatch.engine.clips import ClipWriter
from custom_components.cradlewatch.engine.errors import StoreError
from custom_components.cradlewatch.engine.muxer import TsMuxer
from custom_components.cradlewatch.engine.relay import RelayServer
from custom_components.cradlewatch.engine.ring import Chunk, StreamRing
from custom_components.cradlewatch.engine.source.frame_code import read_frame_code
from custom_components.cradlewatch.engine.source.types import MediaItem
from custom_components.cradlewatch.engine.timeline import Timeline
from tests.media import Clip, clip as numbered


def make_file(
    path: Path, *, seconds: int, gop: int, b_frames: int = 0, codec: str = "libx264", audio: bool = True
) -> None:
    """A small clip with a moving block, and a tone where `audio`."""
    with av.open(str(path), "w") as output:
        options = {"preset": "ultrafast", "bf": str(b_frames)}
        if codec == "libx265":
            options = {"preset": "ultrafast", "x265-params": f"log-level=none:bframes={b_frames}"}
        video = output.add_stream(codec, rate=30, options=options)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.codec_context.gop_size = gop
        sound = output.add_stream("aac", rate=16_000) if audio else None
        for index in range(seconds * 30):
            image = np.full((180, 320, 3), 90, np.uint8)
            image[40:80, index % 240 : index % 240 + 40] = 220
            output.mux(video.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
            if sound is not None and index % 2 == 0:
                tone = (np.sin(np.arange(1067) / 16_000 * 440 * 6.28) * 0.2).astype(np.float32)[None, :]
                block = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
                block.sample_rate = 16_000
                output.mux(sound.encode(block))
        output.mux(video.encode())
        if sound is not None:
            output.mux(sound.encode())


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a unix socket has 107 bytes at the most."""
    with tempfile.TemporaryDirectory(prefix="cw-") as name:
        yield Path(name)


def push(
    path: Path,
    ring: StreamRing,
    timeline: Timeline,
    relay: RelayServer | None = None,
    *,
    began_s: float,
    sound_from_s: float = 0.0,
) -> int:
    """Send a whole file through a muxer into the ring as if it had come in real time; the number of frames."""
    items = pushing(path, ring, timeline, began_s=began_s, sound_from_s=sound_from_s)
    frames = sum(item.stream.type == "video" for item in items)
    if relay:
        relay.wake()
    return frames


def pushing(
    path: Path, ring: StreamRing, timeline: Timeline, *, began_s: float, sound_from_s: float = 0.0
) -> Iterator[MediaItem]:
    """The same item by item: each is told before it is sent."""
    with av.open(str(path)) as source:
        video = source.streams.video[0]
        audio = source.streams.audio[0] if source.streams.audio else None
        muxer = TsMuxer(video, audio, timeline)
        for packet in source.demux():
            if packet.dts is None:
                continue
            at_s = float(packet.dts * packet.time_base)
            if packet.stream.type == "audio" and at_s < sound_from_s:
                continue
            arrived_s = began_s + at_s
            item = MediaItem(stream=packet.stream, packet=packet, is_key=packet.is_keyframe, arrived_s=arrived_s)
            yield item
            for chunk in muxer.mux(item):
                if chunk.is_key:
                    ring.set_header(muxer.header)
                ring.append(chunk.data, is_key=chunk.is_key, timeline_s=timeline.video_out_s or 0, arrived_s=arrived_s)
        muxer.close()


def read_all(path: Path, seconds: float) -> bytes:
    """What a viewer gets from the socket until it is quiet for `seconds`."""
    with socket.socket(socket.AF_UNIX) as viewer:
        viewer.connect(str(path))
        viewer.settimeout(seconds)
        data = b""
        try:
            while part := viewer.recv(65536):
                data += part
        except TimeoutError:
            pass
        return data


def decode(data: bytes, folder: Path) -> tuple[int, int, int]:
    """(frames decoded, damaged, audio frames) of TS bytes."""
    path = folder / "viewer.ts"
    path.write_bytes(data)
    frames = damaged = sound = 0
    with av.open(str(path)) as source:
        for packet in source.demux():
            try:
                for frame in packet.decode():
                    frames += isinstance(frame, av.VideoFrame)
                    sound += isinstance(frame, av.AudioFrame)
            except av.FFmpegError:
                damaged += 1
    return frames, damaged, sound


@pytest.mark.parametrize(
    ("codec", "b_frames", "audio", "suffix"),
    [
        ("libx264", 0, True, "mp4"),
        ("libx264", 2, True, "mp4"),
        ("libx264", 0, False, "ts"),
        ("libx264", 0, True, "ts"),
        ("libx265", 0, True, "mp4"),
    ],
)
def test_viewer_begins_at_a_keyframe_and_decodes_without_damage(
    folder: Path, codec: str, b_frames: int, audio: bool, suffix: str
) -> None:
    clip = folder / f"clip.{suffix}"
    make_file(clip, seconds=12, gop=60, b_frames=b_frames, codec=codec, audio=audio)
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    relay = RelayServer(folder / "relay.sock", ring, "test")
    relay.start()
    try:
        pushed = push(clip, ring, Timeline(), relay, began_s=time.monotonic() - 12)
        data = read_all(folder / "relay.sock", 0.5)
    finally:
        assert relay.stop()
    frames, damaged, sound = decode(data, folder)
    assert damaged == 0
    # Starts two segments back: a whole number of GOPs, the newest ones. The muxer may hold a few at the end.
    assert 6 * 30 <= frames <= pushed
    assert frames % 60 >= 54 or frames % 60 == 0
    assert (sound > 0) is audio


def test_socket_is_private_and_gone_after_stop(folder: Path) -> None:
    relay = RelayServer(folder / "relay.sock", StreamRing(keep_s=24, keep_bytes=1 << 24), "test")
    relay.start()
    assert stat.S_IMODE((folder / "relay.sock").stat().st_mode) == 0o600
    assert relay.stop()
    assert not (folder / "relay.sock").exists()


def test_orders_before_the_start_hold_nobody_up(folder: Path) -> None:
    """The event loop gives them, and the loop's thread may not have come to the start yet: a full pipe once blocked."""
    relay = RelayServer(folder / "relay.sock", StreamRing(keep_s=24, keep_bytes=1 << 24), "test")

    def order() -> None:
        for _ in range(2000):
            relay.cut_retired()

    # A daemon: the test must end where it fails.
    giver = threading.Thread(target=order, daemon=True)
    giver.start()
    giver.join(10)
    assert not giver.is_alive()
    relay.start()
    assert relay.stop()


def test_viewer_that_never_reads_is_cut_and_others_are_served(folder: Path) -> None:
    clip = folder / "clip.ts"
    make_file(clip, seconds=6, gop=30)
    ring = StreamRing(keep_s=12, keep_bytes=1 << 20)
    relay = RelayServer(folder / "relay.sock", ring, "test")
    relay.start()
    try:
        timeline = Timeline()
        began_s = time.monotonic() - 200
        push(clip, ring, timeline, relay, began_s=began_s)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.connect(str(folder / "relay.sock"))
            for turn in range(1, 31):
                push(clip, ring, timeline, relay, began_s=began_s + turn * 6)
                time.sleep(0.02)
                if relay.viewers_cut:
                    break
            assert relay.viewers_cut == 1
            assert read_all(folder / "relay.sock", 0.3)[:1] == b"\x47"
    finally:
        assert relay.stop()


def test_two_hundred_viewers_come_and_go(folder: Path) -> None:
    clip = folder / "clip.ts"
    make_file(clip, seconds=3, gop=30)
    ring = StreamRing(keep_s=12, keep_bytes=1 << 24)
    relay = RelayServer(folder / "relay.sock", ring, "test")
    relay.start()
    try:
        push(clip, ring, Timeline(), relay, began_s=time.monotonic() - 3)
        for _ in range(200):
            with socket.socket(socket.AF_UNIX) as viewer:
                viewer.connect(str(folder / "relay.sock"))
                assert viewer.recv(188)[:1] == b"\x47"
        deadline_s = time.monotonic() + 3
        while relay.viewers and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert relay.viewers == 0
        assert relay.viewers_cut == 0
    finally:
        assert relay.stop()


def test_a_viewer_that_no_file_is_left_for_waits_and_costs_nothing(folder: Path) -> None:
    """In a process of its own, which really has no file left for a second."""
    code = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(Path.cwd())!r})
        from tests.engine.test_muxer_relay import serve_without_files
        serve_without_files({str(folder)!r})
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    cpu_s, served = done.stdout.split()
    assert float(cpu_s) < 0.1, "of a second in which a viewer waits"
    assert served == "served"


def serve_without_files(folder: str) -> None:
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    ring.append(b"x" * 188, is_key=True, timeline_s=0, arrived_s=time.monotonic())
    relay = RelayServer(Path(folder) / "r.sock", ring, "full")
    relay.start()
    viewer = socket.socket(socket.AF_UNIX)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (viewer.fileno() + 1, hard))
    told = threading.Event()
    logging.getLogger(RelayServer.__module__).addFilter(lambda _record: told.set() or True)
    viewer.connect(str(Path(folder) / "r.sock"))
    assert told.wait(10), "no file is left"
    before_s = time.process_time()
    time.sleep(1)
    print(time.process_time() - before_s)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    viewer.settimeout(5)
    print("served" if viewer.recv(188) else "cut")
    relay.stop()


def test_too_long_a_path_is_refused_clearly(folder: Path) -> None:
    with pytest.raises(ValueError, match="107 bytes"):
        RelayServer(folder / ("x" * 120), StreamRing(keep_s=24, keep_bytes=1 << 24), "test")


def test_clip_with_pre_roll_is_a_whole_mp4(folder: Path) -> None:
    clip = folder / "clip.ts"
    make_file(clip, seconds=20, gop=60)
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    push(clip, ring, Timeline(), began_s=time.monotonic() - 20)
    writer = ClipWriter(ring, "test")
    handle = writer.start(folder / "out" / "event.mp4", 10)
    handle.finish(0)
    made = handle.result.result(10)
    # From the first picture to the last one: a frame short of the span.
    assert 9.9 <= made.duration_s < 13
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert not list(made.path.parent.glob("*.part"))
    with av.open(str(made.path)) as video:
        frames = sum(1 for frame in video.decode(video=0))
        assert abs(frames - made.duration_s * 30) < 10
        assert video.streams.audio


@pytest.mark.parametrize("sound_from", [8.0, float("inf")], ids=["late sound", "no sound"])
def test_clip_of_a_camera_whose_sound_is_silent_keeps_the_picture(folder: Path, sound_from: float) -> None:
    """Its tables name a sound, as cameras do that send none while their microphone is off."""
    clip = folder / "clip.ts"
    make_file(clip, seconds=10, gop=60)
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    push(clip, ring, Timeline(), began_s=time.monotonic() - 10, sound_from_s=sound_from)
    handle = ClipWriter(ring, "test").start(folder / "event.mp4", 10)
    handle.finish(0)
    made = handle.result.result(10)
    with av.open(str(made.path)) as video:
        assert sum(1 for frame in video.decode(video=0)) > 290


def test_clip_of_h265_is_one_that_apples_players_take(folder: Path) -> None:
    film = numbered(folder, ".ts", Clip(seconds=6, codec="libx265", gop=15, size_wh=(320, 240), audio="aac"))
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    push(film, ring, Timeline(), began_s=time.monotonic() - 6)
    handle = ClipWriter(ring, "test").start(folder / "event.mp4", 10)
    handle.finish(0)
    with av.open(str(handle.result.result(10).path)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.codec_tag) == ("hevc", "hvc1")
        numbers = [read_frame_code(frame.to_ndarray(format="gray")) for frame in video.decode(video=0)]
    assert len(numbers) > 80
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("gop", [7, 30, 300])
def test_clip_from_ten_seconds_before_to_twenty_after_to_the_picture(folder: Path, gop: int) -> None:
    fps = 15
    film = numbered(folder, ".ts", Clip(seconds=60, fps=fps, size_wh=(320, 240), gop=gop, b_frames=2))
    ring = StreamRing(keep_s=120, keep_bytes=1 << 26)
    began_s = time.monotonic() - 30
    items = pushing(film, ring, Timeline(), began_s=began_s)
    next(item for item in items if item.arrived_s > time.monotonic())
    # In the middle of it something happens; what comes after has arrival times that are still to come.
    happens = (time.monotonic() - began_s) * fps
    handle = ClipWriter(ring, "test").start(folder / "event.mp4", 10)
    handle.finish(20)
    for _ in items:
        pass
    made = handle.result.result(10)
    with av.open(str(made.path)) as video:
        packets = [packet for packet in video.demux(video=0) if packet.size]
        assert packets[0].is_keyframe
        assert packets[0].dts == 0
    with av.open(str(made.path)) as video:
        shown = [(read_frame_code(frame.to_ndarray(format="gray")), frame.time) for frame in video.decode(video=0)]
    # The last picture of an open end may be one that others before it are still missing to.
    shown = shown[:-3]
    begins, ends = shown[0][0], shown[-1][0]
    assert begins % gop == 0, "at a keyframe"
    assert -3 <= happens - 10 * fps - begins <= gop + 3, "the one at or before ten seconds ago"
    assert ends == pytest.approx(happens + 20 * fps, abs=6), "twenty seconds after"
    assert [number for number, _ in shown] == list(range(begins, ends + 1)), "none lost, all in order"
    assert all(b - a == pytest.approx(1 / fps, abs=0.001) for (_, a), (_, b) in pairwise(shown)), "true timestamps"


class WatchedRing(StreamRing):
    """Tells when a reader has had all that there is."""

    def __init__(self, *, keep_s: float, keep_bytes: int) -> None:
        super().__init__(keep_s=keep_s, keep_bytes=keep_bytes)
        self.all_was_read = threading.Event()

    def read(self, sequence: int, limit: int = 64) -> list[Chunk]:
        found = super().read(sequence, limit)
        if not found:
            self.all_was_read.set()
        return found


def test_clip_ends_where_the_stream_begins_anew(folder: Path) -> None:
    """Other parameters, another clock: what comes then is no part of it, and it is not lost for that."""
    clip = folder / "clip.ts"
    make_file(clip, seconds=4, gop=60)
    ring = WatchedRing(keep_s=24, keep_bytes=1 << 24)
    frames = push(clip, ring, Timeline(), began_s=time.monotonic() - 4)
    handle = ClipWriter(ring, "test").start(folder / "event.mp4", 10)
    assert ring.all_was_read.wait(10), "it waits for more"
    ring.clear()
    push(clip, ring, Timeline(), began_s=time.monotonic())
    handle.finish(5)
    made = handle.result.result(10)
    with av.open(str(made.path)) as video:
        assert frames - 10 < sum(1 for _ in video.decode(video=0)) <= frames


def test_clip_on_a_full_disk_says_so_and_leaves_nothing(folder: Path) -> None:
    clip = folder / "clip.ts"
    make_file(clip, seconds=3, gop=30)
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    push(clip, ring, Timeline(), began_s=time.monotonic() - 3)
    writer = ClipWriter(ring, "test")
    (folder / "taken").write_text("a file where the folder should be")
    handle = writer.start(folder / "taken" / "event.mp4", 10)
    handle.finish(0)
    with pytest.raises(StoreError):
        handle.result.result(10)
    assert writer.in_work == 0


def test_clip_without_picture_is_refused() -> None:
    with pytest.raises(StoreError, match="no picture"):
        ClipWriter(StreamRing(keep_s=24, keep_bytes=1 << 24), "test").start(Path("/nonexistent/x.mp4"), 10)
