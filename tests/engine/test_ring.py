"""The ring: where a viewer starts, what is evicted, who is told."""

import pytest

from custom_components.cradlewatch.engine.ring import EvictedError, StreamRing


def fill(ring: StreamRing, seconds: int, gop_s: int, *, fps: int = 10, size: int = 188, begin_s: float = 0.0) -> float:
    """Steady stream of `seconds`; returns the arrival time of the last chunk."""
    at_s = begin_s
    for index in range(seconds * fps):
        at_s = begin_s + index / fps
        ring.append(b"x" * size, is_key=index % (gop_s * fps) == 0, timeline_s=3600 + at_s, arrived_s=at_s)
    return at_s


def test_nothing_before_the_first_keyframe() -> None:
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    ring.append(b"x" * 188, is_key=False, timeline_s=3600, arrived_s=0)
    assert ring.replay_start(1.0) is None
    assert ring.size_bytes == 0


@pytest.mark.parametrize("gop_s", [1, 2, 4, 10])
def test_viewer_starts_two_segments_back(gop_s: int) -> None:
    ring = StreamRing(keep_s=40, keep_bytes=1 << 24)
    now_s = fill(ring, 40, gop_s)
    start = ring.replay_start(now_s)
    assert start is not None
    chunks = ring.read(start, 10_000)
    assert chunks[0].is_key
    keys = [chunk for chunk in chunks if chunk.is_key and now_s - chunk.arrived_s >= 1.1]
    assert keys[-1].timeline_s - chunks[0].timeline_s >= 5.95
    # and no further back than needed: one GOP later would be too short
    assert keys[-1].timeline_s - chunks[0].timeline_s < 5.95 + gop_s


def test_short_ring_gives_its_oldest_keyframe() -> None:
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    now_s = fill(ring, 3, 2)
    assert ring.replay_start(now_s) == 0


def test_bounded_in_seconds_and_bytes_in_whole_gops() -> None:
    ring = StreamRing(keep_s=12, keep_bytes=1 << 24)
    now_s = fill(ring, 120, 2)
    first = ring.read(ring.key_before(0) or 0, 1)[0]
    assert first.is_key
    assert 12 <= now_s - first.arrived_s < 12 + 4

    small = StreamRing(keep_s=120, keep_bytes=188 * 100)
    fill(small, 60, 2)
    assert small.size_bytes <= 188 * 100


def test_two_gops_stay_whatever_their_length() -> None:
    ring = StreamRing(keep_s=12, keep_bytes=1 << 24)
    now_s = fill(ring, 60, 20)
    first = ring.read(ring.key_before(0) or 0, 1)[0]
    assert now_s - first.arrived_s >= 20


def test_stream_without_second_keyframe_does_not_fill_the_memory() -> None:
    ring = StreamRing(keep_s=12, keep_bytes=188 * 50)
    for index in range(1000):
        ring.append(b"x" * 188, is_key=index == 0, timeline_s=index, arrived_s=index)
    assert ring.size_bytes <= 188 * 101


@pytest.mark.parametrize("gop", [10**9, 150], ids=["one keyframe and no more", "two are more than there is room for"])
def test_who_reads_along_goes_on_whatever_room_there_is(gop: int) -> None:
    """Rare keyframes at a high bit rate: who keeps up loses nothing, who comes late waits for the next keyframe."""
    ring = StreamRing(keep_s=12, keep_bytes=188 * 100)
    cursor = 0
    for index in range(1000):
        ring.append(b"x" * 188, is_key=index % gop == 0, timeline_s=index / 10, arrived_s=index / 10)
        found = ring.read(cursor)
        assert [chunk.sequence for chunk in found] == [index], "at once, and none left out"
        cursor = found[-1].sequence + 1
        assert ring.size_bytes <= 188 * 201
        start = ring.replay_start(index / 10)
        assert start is None or ring.read(start, 1)[0].is_key
        assert start == ring.key_before(0)
        assert start is not None or index % gop >= 100, "from a keyframe on, as long as there is room"


def test_slow_reader_is_told_and_cleared_ring_too() -> None:
    ring = StreamRing(keep_s=12, keep_bytes=1 << 24)
    fill(ring, 60, 2)
    with pytest.raises(EvictedError):
        ring.read(0)
    start = ring.replay_start(60)
    assert start is not None
    ring.clear()
    with pytest.raises(EvictedError):
        ring.read(start)
    assert ring.replay_start(60) is None


def test_reader_at_the_end_gets_nothing_yet() -> None:
    ring = StreamRing(keep_s=12, keep_bytes=1 << 24)
    fill(ring, 2, 2)
    assert ring.read(20) == []
    assert len(ring.read(15)) == 5


def test_key_before_gives_the_pre_roll() -> None:
    ring = StreamRing(keep_s=24, keep_bytes=1 << 24)
    now_s = fill(ring, 20, 2)
    sequence = ring.key_before(now_s - 10)
    assert sequence is not None
    found = ring.read(sequence, 1)[0]
    assert found.is_key
    assert 10 <= now_s - found.arrived_s < 12
