"""Encoder, sound, timestamps, sockets: the parts of a source by themselves."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
import socket
import threading
import time

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
import numpy as np
import pytest

from custom_components.cradlewatch.engine.errors import SourceEndedError, SourceProblem
from custom_components.cradlewatch.engine.source.audio import AacEncoder, AudioTranscoder
from custom_components.cradlewatch.engine.source.boundary import Address
from custom_components.cradlewatch.engine.source.encode import TICKS, H264Encoder
from custom_components.cradlewatch.engine.source.reader import MediaPacket
from custom_components.cradlewatch.engine.source.sockets import SocketGuard
from custom_components.cradlewatch.engine.source.stream_source import StreamSource
from custom_components.cradlewatch.engine.timeline import Timeline
from tests.engine.sources import items_until_error
from tests.media import Clip, write_clip


class ListReader:
    """All packets of an open container at once, spoilt by `spoil`."""

    live_clock = False

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self.video = container.streams.video[0]
        self.audio = container.streams.audio[0] if container.streams.audio else None

    def spoil(self, packet: MediaPacket, index: int) -> None:
        """For subclasses."""

    def packets(self) -> Iterator[tuple[MediaPacket, float]]:
        index = 0
        for packet in self._container.demux():
            if packet.size:
                self.spoil(packet, index)
                index += 1
                yield packet, time.monotonic()
        raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "end")

    def close(self) -> None:
        """The test closes it."""


def _tone(start: int, count: int, rate_hz: int = 8000) -> AudioFrame:
    at = np.arange(start, start + count) / rate_hz
    samples = (np.sin(2 * np.pi * 440 * at) * 10_000).astype(np.int16)[None, :]
    frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def _times(encoder: AacEncoder, starts_s: list[float], count: int = 160) -> list[float]:
    found = []
    for start_s in starts_s:
        for _, packet in encoder.encode(_tone(int(start_s * 8000), count), Fraction(start_s)):
            found.append(float(packet.dts * packet.time_base))
    return found


def test_aac_starts_at_or_after_zero_and_goes_on() -> None:
    encoder = AacEncoder(8000, 1)
    times = _times(encoder, [index * 0.02 for index in range(100)])
    assert encoder.rate_hz == 16_000
    assert times[0] >= 0
    assert all(later - earlier == pytest.approx(1024 / 16_000) for earlier, later in pairwise(times))
    assert times[-1] == pytest.approx(2.0, abs=0.3)
    encoder.close()


def test_aac_keeps_gaps_and_survives_steps_back() -> None:
    encoder = AacEncoder(8000, 1)
    first = [index * 0.02 for index in range(50)]
    after_gap = [5 + index * 0.02 for index in range(50)]
    times = _times(encoder, first + after_gap)
    jumps = [later - earlier for earlier, later in pairwise(times) if later - earlier > 0.1]
    assert len(jumps) == 1
    assert jumps[0] == pytest.approx(4.0, abs=0.2)
    back = _times(encoder, [4 + index * 0.02 for index in range(200)])
    assert back, "the sound comes back"
    assert all(later > earlier for earlier, later in pairwise(times + back))
    assert encoder.dropped > 0
    encoder.close()


def test_broken_sound_is_counted_and_never_raised(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    write_clip(path, Clip(seconds=1, size_wh=(320, 240), audio="libopus"))

    class Spoilt(ListReader):
        def spoil(self, packet: MediaPacket, index: int) -> None:
            if packet.stream.type == "audio" and index % 2:
                packet.update(b"\xff" * packet.size)

    with av.open(str(path)) as container:
        source = StreamSource(Spoilt(container))
        items, _ = items_until_error(source)
        assert len([item for item in items if item.stream.type == "video"]) == 15
        assert any(item.stream.type == "audio" for item in items)
        source.close()
    with av.open(str(path)) as container:
        transcoder = AudioTranscoder(container.streams.audio[0])
        nonsense: Packet[av.AudioStream] = Packet(b"\xff" * 7)
        nonsense.stream = container.streams.audio[0]
        nonsense.pts = nonsense.dts = 0
        assert list(transcoder.transcode(nonsense, 0.0)) == []
        transcoder.close()


def test_sound_that_cannot_be_encoded_leaves_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "clip.mkv"
    write_clip(path, Clip(seconds=1, size_wh=(320, 240), audio="libopus"))

    def refuse(*_: object) -> None:
        raise ValueError("no AAC encoder here")

    monkeypatch.setattr(AacEncoder, "__init__", refuse)
    with av.open(str(path)) as container:
        source = StreamSource(ListReader(container))
        assert source.audio_stream is None
        assert source.info.audio_codec is None
        items, _ = items_until_error(source)
        assert {item.stream.type for item in items} == {"video"}
        assert len(items) == 15
        assert source.counts.dropped_audio > 0
    assert "sound" in caplog.text


def test_packets_without_times_get_them(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    write_clip(path, Clip(seconds=1, size_wh=(320, 240)))

    class Undated(ListReader):
        def spoil(self, packet: MediaPacket, index: int) -> None:
            if index in (0, 1, 6):
                packet.pts = packet.dts = None
            if index == 8:
                packet.is_corrupt = True

    with av.open(str(path)) as container:
        source = StreamSource(Undated(container))
        items, _ = items_until_error(source)
        times = [item.packet.dts for item in items]
        assert len(times) == 15
        assert None not in times
        assert times == sorted(times)
        assert items[0].is_key
        assert source.counts.corrupt_packets == 1


@pytest.mark.parametrize("by_s", [3600, -3600, 5, -5], ids=["hour ahead", "hour back", "ahead", "back"])
@pytest.mark.parametrize(("codec", "audio"), [("mpeg4", "libopus"), ("libx264", "libopus"), ("mjpeg", None)])
def test_a_clock_that_is_set_stops_nothing_that_we_encode(
    tmp_path: Path, codec: str, audio: str | None, by_s: int
) -> None:
    """Eight seconds of film, the camera's clock set in their middle: eight seconds of picture and of sound."""
    path = tmp_path / "clip.mkv"
    write_clip(path, Clip(codec=codec, seconds=8, size_wh=(320, 240), audio=audio))

    class Set(ListReader):
        def spoil(self, packet: MediaPacket, index: int) -> None:
            assert packet.pts is not None
            assert packet.dts is not None
            at_s = float(packet.pts * packet.time_base)
            shift = round((by_s if at_s >= 4 else 0) / float(packet.time_base))
            base = round(4000 / float(packet.time_base))
            packet.pts, packet.dts = packet.pts + base + shift, packet.dts + base + shift

    timeline = Timeline()
    video_s: list[float] = []
    sound_s: list[float] = []
    keys_s: list[float] = []
    with av.open(str(path)) as container:
        source = StreamSource(Set(container))
        for item in items_until_error(source)[0]:
            dts_s = float(item.packet.dts * item.packet.time_base)
            if item.stream.type == "audio":
                sound_s += [] if (at_s := timeline.audio(dts_s)) is None else [at_s]
                continue
            video_s.append(timeline.video(dts_s))
            keys_s += [video_s[-1]] if item.is_key else []
        source.close()
    assert keys_s[-1] > video_s[-1] - 1.5, "keyframes go on"
    for times_s in (video_s, *([sound_s] if audio else [])):
        assert times_s == sorted(set(times_s))
        assert max(b - a for a, b in pairwise(times_s)) < 0.5, "no hole"
        assert times_s[-1] - times_s[0] == pytest.approx(7.7, abs=0.7), "time goes on as it did"
    if audio:
        assert sound_s[-1] - video_s[-1] == pytest.approx(0, abs=0.5), "picture and sound together"


def test_encoder_gives_each_picture_at_once_and_a_keyframe_a_second() -> None:
    encoder = H264Encoder((641, 361), None)
    assert encoder.size_wh == (640, 360)
    packets = []
    for index in range(50):
        frame = VideoFrame.from_ndarray(np.full((361, 641, 3), index, np.uint8), format="rgb24")
        encoded = encoder.encode(frame, int(Fraction(index, 20) / TICKS))
        assert len(encoded) == 1
        packets += encoded
    assert [index for index, packet in enumerate(packets) if packet.is_keyframe] == [0, 20, 40]
    assert all(packet.dts == packet.pts for packet in packets)
    # The clock of a camera that steps back must not stop the encoder.
    assert encoder.encode(VideoFrame(640, 360, "yuv420p"), 5)[0].pts > packets[-1].pts
    assert encoder.stream.codec_context.extradata
    assert b"\x00\x00\x01\x67" in bytes(packets[20]), "parameter sets where viewers join"
    encoder.close()
    encoder.close()


def test_address_hides_its_secrets() -> None:
    address = Address("rtsp://baby:Gr1bbel%23wort@10.0.0.5:554/live?token=abcdefgh")
    for text in (repr(address), str(address), f"{address}", address.clean(f"failed: {address.reveal()} Gr1bbel#wort")):
        assert "Gr1bbel" not in text
        assert "abcdefgh" not in text
    assert len(address.clean("x" * 5000)) <= 200
    assert "\n" not in address.clean("a\nb")


def test_guard_ends_its_own_connection_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = socket.create_connection(server.getsockname())
        guard = SocketGuard(frozenset({"127.0.0.1"}))
        mine = socket.create_connection(server.getsockname())
        mine.settimeout(5)
        guard.claim()
        other_guard = SocketGuard(frozenset({"127.0.0.1"}))
        other = socket.create_connection(server.getsockname())
        other_guard.claim()
        threading.Timer(0.2, guard.end).start()
        assert mine.recv(1) == b"", "woken by the shutdown"
        for untouched in (before, other):
            untouched.settimeout(0.2)
            with pytest.raises(TimeoutError):
                untouched.recv(1)
        for connection in (before, mine, other):
            connection.close()
        guard.release()
        other_guard.release()
