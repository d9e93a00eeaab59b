"""Sound of a window: only where it is allowed and a sound matters, under the pictures of its own time."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
from av.audio.frame import AudioFrame
import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import AudioBlock, Link
from custom_components.cradlewatch.engine.windows.clip import WindowClip, load_clip, without_sound
from custom_components.cradlewatch.engine.windows.sound import (
    MARGIN_S,
    PACKET_S,
    RATE_HZ,
    SOUND_MAX_S,
    SoundPacket,
    SoundRing,
    SoundWriter,
    placed,
    read_sound,
    stretches,
)
from tests.engine.test_window_clip import Nursery, until

BLOCK_S = 0.1


def block(at_s: float, *, loud: bool = True, length_s: float = BLOCK_S) -> AudioBlock:
    samples = np.sin(np.arange(round(length_s * RATE_HZ)) * 0.4).astype(np.float32) * (0.5 if loud else 0.0)
    return AudioBlock(samples=samples, rate_hz=RATE_HZ, at_s=at_s)


def heard(clip: WindowClip) -> list[tuple[float, float]]:
    """(second of the clip, level) of every decoded piece of sound; [] where the file has no sound track."""
    with av.open(clip.path) as container:
        if not container.streams.audio:
            return []
        context = container.streams.audio[0].codec_context
        assert (context.name, context.sample_rate, context.channels) == ("aac", RATE_HZ, 1)
        found = []
        for frame in container.decode(audio=0):
            assert isinstance(frame, AudioFrame)
            found.append((float(frame.time or 0), float(np.abs(frame.to_ndarray()).max())))
        return found


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(tmp_path)
    yield made
    assert made.recorder.stop()


def play(nursery: Nursery, seconds: int, *, loud: bool, every_s: float = 1.0) -> None:
    """Pictures and sound of so many seconds."""
    for _ in range(round(seconds / every_s)):
        nursery.show(1, every_s=every_s)
        for number in range(round(every_s / BLOCK_S)):
            nursery.recorder.on_sound(block(nursery.s - every_s + (number + 1) * BLOCK_S, loud=loud))


def test_sound_lies_under_the_pictures_of_its_time_and_nowhere_else(nursery: Nursery) -> None:
    nursery.recorder.set_sound(allowed=True, wanted=False)
    play(nursery, 30, loud=False)
    nursery.recorder.set_sound(allowed=True, wanted=True)
    play(nursery, 10, loud=True)
    nursery.recorder.set_sound(allowed=True, wanted=False)
    play(nursery, 30, loud=False)
    clip = nursery.to_close().clip
    assert clip is not None
    offsets_s = clip.time_map.offsets_s
    pieces = heard(clip)
    loud = [at_s for at_s, level in pieces if level > 0.2]
    # The pictures came at 1, 2, 3... s: the cry was from 30 to 40 s, under the frames 29 to 39.
    first, last = clip.time_map.window_offset_s(min(loud)), clip.time_map.window_offset_s(max(loud))
    assert 29 <= first <= 31
    assert 38 <= last <= 41
    assert len(loud) * PACKET_S == pytest.approx(10, abs=0.6), "all of it"
    (stretch,) = clip.sound
    assert stretch[0] == pytest.approx(min(loud) - MARGIN_S, abs=0.8), "and what came just before"
    assert stretch[1] == pytest.approx(max(loud) + MARGIN_S, abs=1.2)
    assert clip.sound_s < 22
    assert len(offsets_s) == 70
    assert not list(nursery.folder.glob("*.sound")), "nothing of it stays beside the clip"


@pytest.mark.parametrize(
    ("allowed", "wanted"), [(False, True), (False, False), (True, False)], ids=["forbidden", "default", "nothing heard"]
)
def test_without_consent_or_a_sound_that_matters_there_is_no_track(
    nursery: Nursery, allowed: bool, wanted: bool
) -> None:
    if allowed or wanted:
        nursery.recorder.set_sound(allowed=allowed, wanted=wanted)
    play(nursery, 12, loud=True)
    clip = nursery.to_close().clip
    assert clip is not None
    assert heard(clip) == []
    assert clip.sound == ()


def test_consent_taken_back_within_the_window_takes_its_sound_with_it(nursery: Nursery) -> None:
    nursery.recorder.set_sound(allowed=True, wanted=True)
    play(nursery, 5, loud=True)
    until(lambda: bool(list(nursery.folder.glob("*.sound"))))
    nursery.recorder.set_sound(allowed=False, wanted=True)
    play(nursery, 3, loud=True)
    clip = nursery.to_close().clip
    assert clip is not None
    assert heard(clip) == []
    assert not list(nursery.folder.glob("*.sound"))


def test_privacy_keeps_no_sound(nursery: Nursery) -> None:
    nursery.recorder.set_sound(allowed=True, wanted=True)
    play(nursery, 3, loud=True)
    nursery.live(Link.PRIVACY)
    nursery.to_close()
    assert not list(nursery.folder.iterdir())


def test_sound_is_taken_out_of_a_clip_for_good(nursery: Nursery) -> None:
    nursery.recorder.set_sound(allowed=True, wanted=True)
    play(nursery, 5, loud=True)
    closed = nursery.to_close()
    assert closed.clip is not None
    assert heard(closed.clip)
    silent = without_sound(nursery.folder, closed.window.name)
    assert silent is not None
    assert heard(silent) == []
    assert silent.time_map == closed.clip.time_map
    assert load_clip(nursery.folder, closed.window.name) == silent
    with av.open(silent.path) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(silent.time_map.offsets_s)


# The parts


def test_ring_gives_out_what_lies_around_a_wanted_sound_and_forgets_the_rest() -> None:
    ring = SoundRing()
    taken = []
    for tick in range(300):
        now_s = tick * BLOCK_S
        ring.put(block(now_s))
        ring.want(10 <= now_s < 12, now_s)
        taken += [item.at_s for item in ring.take(now_s)]
    assert taken == sorted(taken)
    assert min(taken) == pytest.approx(10 - MARGIN_S, abs=0.3)
    assert max(taken) == pytest.approx(12 + MARGIN_S, abs=0.3)


def packets(start_s: float, end_s: float) -> list[SoundPacket]:
    count = round((end_s - start_s) / PACKET_S)
    return [SoundPacket(at_s=start_s + number * PACKET_S, data=b"x") for number in range(count)]


def test_a_steady_pace_moves_a_stretch_as_one_piece() -> None:
    # A picture every 5 s until 50 s, then one a second with jitter: sound from 52 s on.
    offsets_s = [5.0 * n for n in range(10)] + [50.0 + n + 0.04 * (n % 3) for n in range(30)]
    found = placed(packets(52, 60), offsets_s)
    assert len(found) == len(packets(52, 60))
    assert found[0].at_s == pytest.approx(12, abs=0.1)
    assert len(stretches(found)) == 1


def test_where_pictures_paused_there_is_no_sound() -> None:
    found = placed(packets(0, 30), [0.0, 1.0, 2.0, 20.0, 21.0])
    assert max(item.at_s for item in found) < 5.5
    assert all(later.at_s - item.at_s >= PACKET_S - 1e-6 for item, later in pairwise(found))


def test_twice_as_many_pictures_have_their_sound_in_pieces_each_at_its_own() -> None:
    offsets_s = [0.5 * n for n in range(40)]
    for item in placed([SoundPacket(at_s=p.at_s, data=str(p.at_s).encode()) for p in packets(0, 20)], offsets_s):
        true_s = float(item.data)
        shown_s = offsets_s[min(int(item.at_s + 1e-6), 39)]
        assert abs(shown_s - true_s) <= 1.0


def test_before_the_first_picture_and_without_pictures_nothing_is_placed() -> None:
    assert placed(packets(0, 5), []) == []
    assert placed(packets(0, 5), [10.0]) == []


def test_file_cut_anywhere_gives_what_was_whole_and_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "20261124T120000Z.sound"
    writer = SoundWriter(path)
    for tick in range(1, 21):
        writer.write(block(tick * BLOCK_S), tick * BLOCK_S)
    writer.close()
    assert path.stat().st_mode & 0o777 == 0o600
    whole, content = list(read_sound(path)), path.read_bytes()
    assert len(whole) >= 25
    for size in range(0, len(content), 37):
        path.write_bytes(content[:size])
        assert list(read_sound(path)) == whole[: len(list(read_sound(path)))]
    path.write_bytes(content)
    writer = SoundWriter(path)
    for tick in range(101, 111):
        writer.write(block(tick * BLOCK_S), tick * BLOCK_S)
    writer.close()
    again = list(read_sound(path))
    assert again[: len(whole)] == whole
    assert again[-1].at_s == pytest.approx(11, abs=0.3)
    assert list(read_sound(tmp_path / "none.sound")) == []


def test_no_more_than_three_minutes_of_a_window(tmp_path: Path) -> None:
    path = tmp_path / "long.sound"
    writer = SoundWriter(path)
    for tick in range(1, 61):
        writer.write(block(tick * 5, length_s=5), tick * 5)
    writer.close()
    assert len(list(read_sound(path))) * PACKET_S <= SOUND_MAX_S + PACKET_S
    assert path.stat().st_size < 700_000
