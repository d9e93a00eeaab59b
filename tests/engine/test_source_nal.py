"""Where a picture can be entered, and when its format changes."""

from pathlib import Path

import av
import pytest

from custom_components.cradlewatch.engine.errors import SourceChangedError
from custom_components.cradlewatch.engine.source.nal import NalCodec, ParameterWatch, length_size, split
from custom_components.cradlewatch.engine.source.stream_source import StreamSource
from tests.engine.sources import items_until_error
from tests.engine.test_source_parts import ListReader
from tests.media import Clip, write_clip


@pytest.mark.parametrize(("codec", "name"), [("libx264", NalCodec.H264), ("libx265", NalCodec.HEVC)])
@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_entries_are_the_encoders_keyframes(tmp_path: Path, codec: str, name: NalCodec, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    write_clip(path, Clip(codec=codec, seconds=2, gop=10, size_wh=(320, 240)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        watch = ParameterWatch(name, stream.codec_context.extradata)
        assert length_size(stream.codec_context.extradata) == (4 if suffix == ".mp4" else 0)
        entries = [
            watch.is_entry(bytes(packet), packet.is_keyframe) for packet in container.demux(stream) if packet.size
        ]
    assert entries == [index % 10 == 0 for index in range(30)]
    assert not watch.changed


def test_entry_is_found_without_the_containers_flag(tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    write_clip(path, Clip(seconds=1, gop=5, size_wh=(320, 240)))
    with av.open(str(path)) as container:
        watch = ParameterWatch(NalCodec.H264, None)
        found = [watch.is_entry(bytes(packet), flagged_key=False) for packet in container.demux(video=0) if packet.size]
    assert [index for index, entry in enumerate(found) if entry] == [0, 5, 10]


def _first_packet(path: Path, codec: str) -> bytes:
    write_clip(path, Clip(codec=codec, seconds=1, gop=5, size_wh=(320, 240)))
    with av.open(str(path)) as container:
        return next(bytes(packet) for packet in container.demux(video=0) if packet.size)


@pytest.mark.parametrize(
    ("name", "codec", "other"), [(NalCodec.H264, "libx264", "libx265"), (NalCodec.HEVC, "libx265", "libx264")]
)
def test_the_other_codec_under_the_old_name_is_a_change(tmp_path: Path, name: NalCodec, codec: str, other: str) -> None:
    first, foreign = (_first_packet(tmp_path / f"{each}.ts", each) for each in (codec, other))
    watch = ParameterWatch(name, None)
    watch.is_entry(first, flagged_key=True)
    assert not watch.changed
    watch.is_entry(foreign, flagged_key=False)
    assert watch.changed


@pytest.mark.parametrize("joined_at_keyframe", [True, False])
def test_a_camera_that_breaks_a_rule_from_the_start_is_left_alone(joined_at_keyframe: bool) -> None:
    """An SEI that says it is referred to, which looks like HEVC: no reason to connect for ever anew."""
    sei, slices = b"\x00\x00\x01\x46\x01\x04", b"\x00\x00\x01\x41\x9a\x22"
    key = sei + b"\x00\x00\x01\x67\x64\x00\x1f" + b"\x00\x00\x01\x68\xee" + b"\x00\x00\x01\x65\x88"
    watch = ParameterWatch(NalCodec.H264, None)
    gop = [key, sei + slices, sei + slices]
    entries = [watch.is_entry(data, flagged_key=False) for data in (gop * 4)[0 if joined_at_keyframe else 1 :]]
    assert sum(entries) == (4 if joined_at_keyframe else 3)
    assert not watch.changed


@pytest.mark.parametrize(
    ("codec", "keyframe"),
    [
        (NalCodec.H264, b"\x00\x00\x01\x46\x01\x50\x00\x00\x01\x40\x01\x0c\x01\x00\x00\x01\x42\x01\x01\x60"),
        (NalCodec.HEVC, b"\x00\x00\x01\x09\xf0\x00\x00\x01\x67\x64\x00\x1f\x00\x00\x01\x68\xee\x00\x00\x01\x65\x88"),
    ],
)
def test_another_codec_is_known_before_the_first_keyframe_of_the_one_that_was_told(
    codec: NalCodec, keyframe: bytes
) -> None:
    """Who joins just before the change sees nothing of the first codec but its name."""
    watch = ParameterWatch(codec, None)
    watch.is_entry(keyframe, flagged_key=True)
    assert watch.changed
    assert watch.other_codec


def test_intra_refresh_is_no_entry() -> None:
    watch = ParameterWatch(NalCodec.H264, None)
    sei_and_slice = b"\x00\x00\x01\x06\x06\x01\xc4\x80" + b"\x00\x00\x01\x41\x9a\x22"
    assert not watch.is_entry(sei_and_slice, flagged_key=True)


def test_broken_data_is_no_error() -> None:
    for data in (b"", b"\x00", b"\x00\x00\x01", b"\xff" * 50, b"\x00\x00\x00\xff\x65"):
        for extradata in (None, b"\x01\x64\x00\x1f\xff\xe1\x00\x04\x67"):
            watch = ParameterWatch(NalCodec.H264, extradata)
            watch.is_entry(data, flagged_key=True)
            assert not watch.changed
    assert list(split(b"\x00\x00\x00\x02ab\x00\x00\x00\x09c", 4)) == [b"ab"]


def test_pps_that_always_changes_is_normal_one_that_was_settled_is_not() -> None:
    def key(pps: bytes) -> bytes:
        return b"\x00\x00\x01\x67\x64\x00\x1f" + b"\x00\x00\x01\x68" + pps + b"\x00\x00\x01\x65\x88"

    restless = ParameterWatch(NalCodec.H264, None)
    assert all(restless.is_entry(key(bytes([value])), flagged_key=True) for value in range(1, 9))
    assert not restless.changed
    settled = ParameterWatch(NalCodec.H264, None)
    for _ in range(5):
        settled.is_entry(key(b"\x01"), flagged_key=True)
    assert not settled.changed
    settled.is_entry(key(b"\x02"), flagged_key=True)
    assert settled.changed


def test_other_size_in_the_same_stream_is_announced(tmp_path: Path) -> None:
    small, large = tmp_path / "small.ts", tmp_path / "large.ts"
    write_clip(small, Clip(seconds=1, size_wh=(320, 240)))
    write_clip(large, Clip(seconds=1, size_wh=(640, 360)))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    with av.open(str(joined)) as container:
        source = StreamSource(ListReader(container))
        items, error = items_until_error(source)
    assert isinstance(error, SourceChangedError)
    assert len(items) in range(13, 17)
