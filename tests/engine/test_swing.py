"""Which cells swing at one frequency: by drawn courses of cells, as a sensor, a coder, a lamp and a chest make them."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.detectors.swing import strongest

ROWS, COLUMNS, RATE_HZ, FRAMES = 22, 40, 5.0, 64
TIMES_S = np.arange(FRAMES) / RATE_HZ
CHEST = np.s_[:, 8:12, 18:24]
SHARE, RMS = 0.5, 0.12
"""From these on a cell counts as swinging."""


def grain(seed: int, deviation: float = 0.3) -> np.ndarray:
    return deviation * np.random.default_rng(seed).standard_normal((FRAMES, ROWS, COLUMNS)).astype(np.float32)


def chest(cells: np.ndarray, rate_hz: float, height: float) -> np.ndarray:
    """Edges of both directions: the cells of a chest grow lighter and darker."""
    signs = np.where(np.arange(24).reshape(4, 6) % 5 < 3, 1, -1)
    cells[CHEST] += np.float32(height) * np.sin(2 * np.pi * rate_hz * TIMES_S)[:, None, None] * signs
    return cells


def held(seed: int, period_s: float, height: float) -> tuple[np.ndarray, list[float]]:
    """Each keyframe shows every cell at another level, which stays until the next."""
    keyframes_s = [0.4 + period_s * index for index in range(int((TIMES_S[-1] - 0.4) / period_s) + 1)]
    number = np.searchsorted(keyframes_s, TIMES_S + 1e-6)
    levels = np.random.default_rng(seed).standard_normal((len(keyframes_s) + 1, ROWS, COLUMNS))
    return (height * levels[number]).astype(np.float32), keyframes_s


def refined(period_s: float, height: float) -> np.ndarray:
    """After each keyframe every cell comes nearer to what it was, by another amount each."""
    amount = np.random.default_rng(9).standard_normal((ROWS, COLUMNS)).astype(np.float32)
    since_s = (TIMES_S - 0.4) % period_s
    return np.float32(height) * np.exp(-since_s / (0.3 * period_s))[:, None, None].astype(np.float32) * amount


def swinging(cells: np.ndarray, keyframes_s: list[float] = []) -> np.ndarray:  # noqa: B006  # only read
    swing = strongest(cells, TIMES_S, keyframes_s)
    return (swing.share > SHARE) & (swing.rms > RMS)


@pytest.mark.parametrize("rate_hz", [0.32, 0.5, 0.77, 1.0, 1.18])
def test_a_swing_in_grain_is_found_where_it_is_and_at_its_frequency(rate_hz):
    swing = strongest(chest(grain(1), rate_hz, 1.0), TIMES_S, [])
    inside = np.zeros((ROWS, COLUMNS), bool)
    inside[CHEST[1:]] = True
    assert (swing.share[inside] > SHARE).all()
    assert not (swing.share[~inside] > SHARE).any()
    assert np.abs(swing.hertz[inside] - rate_hz).max() < 0.08
    assert np.allclose(swing.rms[inside], 0.71, atol=0.2)


@pytest.mark.parametrize("period_s", [1.0, 2.0, 4.0])
def test_levels_that_keyframes_leave_are_no_swing_and_hide_none(period_s):
    for seed in range(4):
        coder, keyframes_s = held(seed, period_s, 0.5)
        cells = coder + grain(seed + 50, 0.1)
        assert not swinging(cells, keyframes_s).any()
        assert swinging(chest(cells, 0.72, 1.5), keyframes_s)[CHEST[1:]].mean() > 0.9


@pytest.mark.parametrize("period_s", [1.0, 2.0])
def test_what_follows_every_keyframe_is_no_swing_and_hides_none(period_s):
    _, keyframes_s = held(0, period_s, 0.5)
    cells = refined(period_s, 1.5) + grain(3, 0.1)
    assert not swinging(cells, keyframes_s).any()
    assert swinging(chest(cells, 0.72, 1.5), keyframes_s)[CHEST[1:]].mean() > 0.9


@pytest.mark.parametrize("rate_hz", [0.47, 0.5, 0.52, 0.8, 1.0])
def test_a_chest_in_the_rhythm_of_the_keyframes_is_found_all_the_same(rate_hz):
    coder, keyframes_s = held(1, 2.0, 0.4)
    cells = chest(coder + refined(2.0, 0.15) + grain(4, 0.2), rate_hz, 1.5)
    found = swinging(cells, keyframes_s)
    assert found[CHEST[1:]].mean() > 0.9
    found[CHEST[1:]] = False
    assert not found.any()


def test_a_lamp_and_a_drift_are_no_swing_and_hide_none():
    across = np.linspace(0.5, 1.5, COLUMNS, dtype=np.float32)
    lamp = 3 * np.sin(2 * np.pi * 0.6 * TIMES_S)[:, None, None] * across
    drift = 6 * np.sin(2 * np.pi * 0.05 * TIMES_S)[:, None, None] * across[::-1]
    cells = (lamp + drift).astype(np.float32) + grain(5, 0.2)
    assert not swinging(cells).any()
    found = swinging(chest(cells, 0.85, 1.0))
    assert found[CHEST[1:]].mean() > 0.9


def test_one_change_and_a_slow_course_are_no_swing():
    cells = grain(6, 0.1)
    cells[30:, 5:9, 5:9] += 2
    cells[20:26, 5:9, 15:19] += 2
    cells[:, 15:19, 5:9] += 2 * np.sin(2 * np.pi * 0.18 * TIMES_S)[:, None, None].astype(np.float32)
    assert not swinging(cells).any()


def test_frames_that_come_unevenly_are_taken_at_their_times():
    times_s = TIMES_S + np.random.default_rng(7).uniform(0, 0.15, FRAMES)
    cells = grain(8)
    cells[CHEST] += np.sin(2 * np.pi * 0.9 * times_s)[:, None, None].astype(np.float32)
    swing = strongest(cells, times_s, [])
    assert (swing.share[CHEST[1:]] > SHARE).all()


def test_a_picture_without_any_change_has_none():
    assert not swinging(np.full((FRAMES, ROWS, COLUMNS), 7, np.float32)).any()
    assert not swinging(np.full((FRAMES, ROWS, COLUMNS), 7, np.float32), [2.0, 4.0, 6.0, 8.0]).any()
