"""The drawn nursery: the same for a number, true to its script, cheap, and it sounds as it should."""

from itertools import pairwise
import statistics
import time

import numpy as np
from numpy.typing import NDArray
import pytest

from custom_components.cradlewatch.engine.source.frame_code import read_frame_code
from custom_components.cradlewatch.engine.source.nursery import NurseryScene
from custom_components.cradlewatch.engine.source.nursery_script import BeatKind, SceneBeat, happens

HEIGHT, WIDTH = 720, 1280
CRIB = (slice(120, 570), slice(300, 980))


@pytest.fixture(scope="module")
def scene() -> NurseryScene:
    return NurseryScene()


def _beats(scene: NurseryScene, kind: BeatKind) -> list[SceneBeat]:
    return [beat for beat in scene.script() if beat.kind is kind]


def _small(scene: NurseryScene, at_s: float) -> NDArray[np.float32]:
    """Luma of the crib in 10-pixel blocks: noise averages out, moves stay."""
    luma = scene.frame_yuv420(round(at_s * scene.frame_rate_fps))[:HEIGHT][CRIB].astype(np.float32)
    rows, cols = luma.shape
    return luma.reshape(rows // 10, 10, cols // 10, 10).mean(axis=(1, 3))


def _moving_share(scene: NurseryScene, start_s: float, end_s: float) -> float:
    """Largest share of blocks that differ by over 3 gray levels between pictures a quarter second apart."""
    pictures = [_small(scene, at_s) for at_s in np.arange(start_s, end_s, 0.25)]
    return max(float((np.abs(after - before) > 3).mean()) for before, after in pairwise(pictures))


def _level_dbfs(samples: NDArray[np.int16]) -> float:
    return float(20 * np.log10(np.sqrt(np.mean((samples / 32768.0) ** 2)) + 1e-9))


def _sound(scene: NurseryScene, start_s: float, end_s: float) -> NDArray[np.int16]:
    return scene.audio(round(start_s * scene.sample_rate_hz), round((end_s - start_s) * scene.sample_rate_hz))


def test_a_frame_is_the_same_on_every_call_and_in_every_scene(scene: NurseryScene) -> None:
    other = NurseryScene()
    for index in (8000, 0, 400, 1400, 2200, 2950, 3100, 4550, 6100, 8999, 9000):
        frame = scene.frame_yuv420(index)
        assert frame.shape == (HEIGHT * 3 // 2, WIDTH)
        assert frame.dtype == np.uint8
        np.testing.assert_array_equal(frame, other.frame_yuv420(index))
        np.testing.assert_array_equal(frame, scene.frame_yuv420(index))
        # Noise must not wrap round: neither black specks in white nor white ones in black.
        assert int(frame[:HEIGHT].min()) >= 4
        assert int(frame[:HEIGHT].max()) <= 250


def test_every_frame_bears_its_own_noise(scene: NurseryScene) -> None:
    first, second = (scene.frame_yuv420(index)[:HEIGHT].astype(int) for index in (6300, 6301))
    wall = np.s_[180:280, 460:860]
    assert 0.5 < float((first - second)[wall].std()) < 8
    assert abs(float((first - second)[wall].mean())) < 0.3


def test_a_period_later_the_scene_is_the_same_but_for_the_noise(scene: NurseryScene) -> None:
    period = round(scene.period_s * scene.frame_rate_fps)
    first, second = scene.frame_yuv420(1234).astype(int), scene.frame_yuv420(1234 + period).astype(int)
    assert not np.array_equal(first[:HEIGHT], second[:HEIGHT])
    np.testing.assert_array_equal(first[HEIGHT:], second[HEIGHT:])
    assert int(np.abs(first - second).max()) <= 28


def test_the_scene_holds_no_frame_code_of_its_own(scene: NurseryScene) -> None:
    assert {read_frame_code(scene.frame_yuv420(index)[:HEIGHT]) for index in range(0, 9000, 450)} == {None}


def test_everything_happens_in_one_period_and_early(scene: NurseryScene) -> None:
    script = scene.script()
    assert {beat.kind for beat in script} == set(BeatKind)
    assert all(0 <= beat.start_s < beat.end_s <= scene.period_s for beat in script)
    assert _beats(scene, BeatKind.STIRS)[0].start_s <= 20
    assert _beats(scene, BeatKind.CRIES)[0].start_s <= 60
    # Still contradicts every kind of moving; day and infrared share the period between them.
    moving = {BeatKind.STIRS, BeatKind.CRIES, BeatKind.SITS, BeatKind.STANDS, BeatKind.CARER, BeatKind.OUT_OF_VIEW}
    for at_s in np.arange(0, scene.period_s, 0.5):
        if happens(BeatKind.STILL, at_s):
            assert not any(happens(kind, at_s) for kind in moving), at_s
        assert happens(BeatKind.DAY, at_s) != happens(BeatKind.INFRARED, at_s)


def test_moves_are_seen_when_the_script_says_so_and_else_not(scene: NurseryScene) -> None:
    still = [_moving_share(scene, beat.start_s + 0.2, beat.end_s - 0.2) for beat in _beats(scene, BeatKind.STILL)]
    moving = {
        (kind, beat.start_s): _moving_share(scene, beat.start_s, beat.end_s)
        for kind in (BeatKind.STIRS, BeatKind.CRIES, BeatKind.SITS, BeatKind.STANDS, BeatKind.CARER)
        for beat in _beats(scene, kind)
    }
    print(f"still {still}, moving {moving}")
    assert min(moving.values()) > 0.01
    assert min(moving.values()) > 4 * max(still)


def test_breath_is_there_while_asleep_and_gone_with_the_child(scene: NurseryScene) -> None:
    chest = np.s_[400:545, 545:760]

    def wave(start_s: float) -> float:
        """Amplitude at 0.5 Hz of the strongest column of blocks, gray levels, over eight seconds."""
        steps = np.arange(0, 8, 0.2)
        series = []
        for step in steps:
            luma = scene.frame_yuv420(round((start_s + step) * 30))[:HEIGHT][chest].astype(np.float32)
            series.append(luma[:, :210].reshape(29, 5, 21, 10).mean(axis=(1, 3)).ravel())
        turned = np.exp(-2j * np.pi * 0.5 * steps) @ np.stack(series) * 2 / steps.size
        return float(np.abs(turned).max())

    asleep, asleep_at_night, empty = wave(19.0), wave(215.0), wave(112.0)
    print(f"breath {asleep:.2f}, at night {asleep_at_night:.2f}, empty {empty:.2f} gray levels")
    assert asleep > 5 * empty
    assert asleep_at_night > 3 * empty


def test_the_empty_crib_is_empty_and_still(scene: NurseryScene) -> None:
    beat = _beats(scene, BeatKind.OUT_OF_VIEW)[0]
    pictures = [_small(scene, at_s) for at_s in np.linspace(beat.start_s + 0.5, beat.end_s - 0.5, 6)]
    assert all(float(np.abs(picture - pictures[0]).max()) < 3 for picture in pictures)
    asleep = _small(scene, 3.0)
    assert float((np.abs(asleep - pictures[0]) > 10).mean()) > 0.05


def test_infrared_sees_no_colour_and_shines_in_the_middle(scene: NurseryScene) -> None:
    day, night = scene.frame_yuv420(30 * 100), scene.frame_yuv420(30 * 210)
    assert float(day[HEIGHT:].std()) > 5
    assert int(np.abs(night[HEIGHT:].astype(int) - 128).max()) <= 1
    luma = night[:HEIGHT].astype(float)
    assert luma[420:540, 800:900].mean() > 2 * luma[:60, 1200:].mean()


def test_sound_is_seamless_however_it_is_cut(scene: NurseryScene) -> None:
    rate, start = scene.sample_rate_hz, round((scene.period_s - 2) * scene.sample_rate_hz)
    whole = scene.audio(start, 44 * rate)
    pieces = [scene.audio(at, min(1601, start + whole.size - at)) for at in range(start, start + whole.size, 1601)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert whole.dtype == np.int16
    np.testing.assert_array_equal(scene.audio(7 * rate, 100), scene.audio(7 * rate, 100))
    # No click where the room's tone begins anew every eight seconds.
    room = _sound(scene, 258, 290).astype(int)
    jumps = np.abs(np.diff(room))
    assert int(jumps.max()) <= 1.6 * np.sort(jumps)[-40]


def test_levels_follow_the_script(scene: NurseryScene) -> None:
    quiet = [_level_dbfs(_sound(scene, beat.start_s, beat.end_s - 1.0)) for beat in _beats(scene, BeatKind.STILL)]
    cry_beat, carer = _beats(scene, BeatKind.CRIES)[0], _beats(scene, BeatKind.CARER)[0]
    cry = _sound(scene, cry_beat.start_s, cry_beat.end_s)
    hum = _sound(scene, carer.start_s + 3, carer.end_s - 3)
    fuss = _beats(scene, BeatKind.FUSSES)[0]
    noise = _beats(scene, BeatKind.NOISE)[0]
    assert all(-60 < level < -50 for level in quiet)
    assert -18 < 20 * np.log10(int(np.abs(cry).max()) / 32768) < -12
    assert _level_dbfs(cry) > _level_dbfs(hum) + 6 > max(quiet) + 12
    assert max(quiet) + 4 < _level_dbfs(_sound(scene, fuss.start_s, fuss.end_s)) < _level_dbfs(cry) - 10
    assert _level_dbfs(_sound(scene, noise.start_s, noise.start_s + 2)) > max(quiet) + 15


def test_a_cry_has_a_childs_pitch_and_a_hum_an_adults(scene: NurseryScene) -> None:
    def strongest_pitches(start_s: float, end_s: float) -> list[float]:
        """Pitch (Hz) by autocorrelation of each loud tenth of a second."""
        pitches = []
        for at_s in np.arange(start_s, end_s, 0.1):
            block = _sound(scene, at_s, at_s + 0.1).astype(float)
            if _level_dbfs(block.astype(np.int16)) < -48:
                continue
            block -= block.mean()
            spectrum = np.abs(np.fft.rfft(block * np.hanning(block.size), 8192)) ** 2
            similar = np.fft.irfft(spectrum)[:200]
            lag = 20 + int(np.argmax(similar[20:160]))
            pitches.append(16000 / lag)
        return pitches

    cry, hum = strongest_pitches(40, 60), strongest_pitches(155, 166)
    assert 350 < statistics.median(cry) < 550
    assert 120 < statistics.median(hum) < 340
    assert len(cry) > 80


def test_cost_of_a_frame(scene: NurseryScene) -> None:
    """Prints the cost; what counts is that a still frame is cheaper than a newly posed one."""
    costs_ms = []
    for index in range(0, 9000, 3):
        began_s = time.thread_time()
        scene.frame_yuv420(index)
        costs_ms.append((time.thread_time() - began_s) * 1000)
    median, mean, p99 = statistics.median(costs_ms), statistics.fmean(costs_ms), float(np.percentile(costs_ms, 99))
    print(f"frame cost: median {median:.2f} ms, mean {mean:.2f} ms, p99 {p99:.2f} ms, max {max(costs_ms):.2f} ms")
    assert median < mean
