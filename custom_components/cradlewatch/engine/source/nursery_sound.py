"""The sound of the drawn nursery: a quiet room, cries, fussing, humming, knocks, the click of the infrared filter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .nursery_script import PERIOD_S, SCRIPT, BeatKind

RATE_HZ = 16_000

type Floats = NDArray[np.float32]

_ROOM_DBFS = -55.0
_ROOM_SAMPLES = RATE_HZ * 8
_CRY_FORMANTS = ((1050.0, 220.0, 1.0), (2250.0, 380.0, 0.55), (3500.0, 520.0, 0.5), (5200.0, 700.0, 0.22))
_FUSS_FORMANTS = ((750.0, 240.0, 1.0), (1900.0, 400.0, 0.3), (3300.0, 500.0, 0.12))
# A lullaby of four bars in three-four time: semitones above the ground tone, and beats.
_LULLABY = ((4, 1), (4, 1), (7, 3), (4, 1), (4, 1), (7, 3), (4, 1), (7, 1), (12, 2), (11, 2), (9, 2), (9, 1), (7, 3))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sound:
    start: int
    samples: Floats


class NurserySound:
    """Sixteen thousand mono samples a second, the same for a sample number on every call."""

    def __init__(self) -> None:
        self._room = _room_tone()
        self._period = round(PERIOD_S * RATE_HZ)
        self._sounds = _all_sounds()

    def samples(self, start_sample: int, count: int) -> NDArray[np.int16]:
        """`count` samples, int16, from `start_sample` (0 or more) on."""
        place = (np.arange(count) + start_sample) % _ROOM_SAMPLES
        mix = self._room[place]
        first_round = start_sample // self._period
        for lap in range(first_round, (start_sample + count) // self._period + 1):
            self._add_sounds(mix, start_sample - lap * self._period)
        mono: NDArray[np.int16] = (np.clip(mix, -1.0, 1.0) * 32767).astype(np.int16)
        return mono

    def _add_sounds(self, mix: Floats, start: int) -> None:
        end = start + mix.size
        for sound in self._sounds:
            low, high = max(start, sound.start), min(end, sound.start + sound.samples.size)
            if low < high:
                mix[low - start : high - start] += sound.samples[low - sound.start : high - sound.start]


def _room_tone() -> Floats:
    """Noise that falls with frequency, with mains hum and a ventilator; its end fits its beginning."""
    rng = np.random.default_rng(11)
    spectrum = np.fft.rfft(rng.standard_normal(_ROOM_SAMPLES))
    frequency = np.fft.rfftfreq(_ROOM_SAMPLES, 1 / RATE_HZ)
    spectrum *= 1 / (1 + (frequency / 320) ** 1.1) * (frequency > 35)
    tone = np.fft.irfft(spectrum, _ROOM_SAMPLES)
    tone /= np.sqrt(np.mean(tone**2))
    time = np.arange(_ROOM_SAMPLES) / RATE_HZ
    for hertz, level in ((50.0, 0.25), (100.0, 0.3), (150.0, 0.1)):
        tone += level * np.sin(2 * np.pi * hertz * time)
    sound: Floats = (tone * 10 ** (_ROOM_DBFS / 20)).astype(np.float32)
    return sound


def _all_sounds() -> tuple[_Sound, ...]:
    rng = np.random.default_rng(2026)
    sounds: list[_Sound] = []
    for beat in SCRIPT:
        if beat.kind is BeatKind.CRIES:
            sounds += _crying(rng, beat.start_s, beat.end_s)
        elif beat.kind is BeatKind.FUSSES:
            sounds += _fussing(rng, beat.start_s, beat.end_s)
        elif beat.kind is BeatKind.CARER:
            sounds += _humming(beat.start_s + 2.5, beat.end_s - 2.0)
        elif beat.kind is BeatKind.NOISE:
            sounds += _knocks(rng, beat.start_s)
        elif beat.kind in {BeatKind.INFRARED, BeatKind.DAY} and beat.start_s > 0:
            sounds.append(_sound(beat.start_s, _click(rng)))
    return tuple(sounds)


def _sound(start_s: float, samples: Floats) -> _Sound:
    return _Sound(start=round(start_s * RATE_HZ), samples=samples)


def _crying(rng: np.random.Generator, start_s: float, end_s: float) -> list[_Sound]:
    """Breaths: a cry of about a second as the breath goes out, a pause, a gasp as it comes in."""
    sounds: list[_Sound] = []
    at_s = start_s
    while at_s < end_s - 1.6:
        length_s = rng.uniform(0.75, 1.3)
        rise = min(1.0, 0.55 + (at_s - start_s) / 8)
        sounds.append(_sound(at_s, _cry(rng, length_s, peak=0.18 * rise * rng.uniform(0.85, 1.05))))
        gasp_at_s = at_s + length_s + rng.uniform(0.06, 0.14)
        sounds.append(_sound(gasp_at_s, _gasp(rng)))
        at_s = gasp_at_s + rng.uniform(0.3, 0.55)
    return sounds


def _cry(rng: np.random.Generator, length_s: float, *, peak: float) -> Floats:
    count = round(length_s * RATE_HZ)
    share = np.linspace(0, 1, count)
    top = rng.uniform(455, 530)
    pitch = top * (0.80 + 0.20 * np.sin(np.pi * np.clip(share * 1.15, 0, 1)) ** 0.7 - 0.1 * share**3)
    voice = _voice(rng, pitch, _CRY_FORMANTS, slope=0.55, jitter=0.012, shimmer=0.12, breath=0.05)
    attack = np.clip(share * length_s / 0.07, 0, 1)
    release = np.clip((1 - share) * length_s / 0.16, 0, 1)
    swell = attack * release * (0.78 + 0.22 * np.sin(np.pi * share))
    samples = voice * swell
    sound: Floats = (samples * peak / np.abs(samples).max()).astype(np.float32)
    return sound


def _fussing(rng: np.random.Generator, start_s: float, end_s: float) -> list[_Sound]:
    sounds: list[_Sound] = []
    at_s = start_s
    while at_s < end_s - 0.6:
        count = round(rng.uniform(0.18, 0.34) * RATE_HZ)
        share = np.linspace(0, 1, count)
        pitch = rng.uniform(300, 350) * (1.06 - 0.22 * share)
        voice = _voice(rng, pitch, _FUSS_FORMANTS, slope=1.2, jitter=0.01, shimmer=0.1, breath=0.12)
        samples = voice * np.sin(np.pi * share) ** 0.8
        sounds.append(_sound(at_s, (samples * 0.032 / np.abs(samples).max()).astype(np.float32)))
        at_s += rng.uniform(0.9, 1.5)
    return sounds


def _voice(
    rng: np.random.Generator,
    pitch: NDArray[np.float64],
    formants: tuple[tuple[float, float, float], ...],
    *,
    slope: float,
    jitter: float,
    shimmer: float,
    breath: float,
) -> NDArray[np.float64]:
    """Harmonics of a wavering pitch, each as loud as the throat lets its frequency through."""
    count = pitch.size
    pitch = pitch * (
        1 + jitter * _wander(rng, count, 45) + 0.012 * np.sin(2 * np.pi * 6.3 * np.arange(count) / RATE_HZ)
    )
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    voice = np.zeros(count)
    middle = float(pitch.mean())
    for number in range(1, int(7000 / middle) + 1):
        hertz = number * middle
        throat = sum(gain / (1 + ((hertz - centre) / width) ** 2) for centre, width, gain in formants)
        voice += (0.10 + throat) * number**-slope * np.sin(number * phase + rng.uniform(0, 6.28))
    voice *= 1 + shimmer * _wander(rng, count, 30)
    hiss = rng.standard_normal(count)
    return voice + breath * np.diff(hiss, prepend=0.0)


def _wander(rng: np.random.Generator, count: int, hertz: float) -> NDArray[np.float64]:
    """Smooth random curve of about unit size that changes `hertz` times a second."""
    knots = rng.standard_normal(int(count / RATE_HZ * hertz) + 3)
    return np.interp(np.linspace(0, knots.size - 1, count), np.arange(knots.size), knots)


def _gasp(rng: np.random.Generator) -> Floats:
    count = round(0.2 * RATE_HZ)
    share = np.linspace(0, 1, count)
    hiss = np.convolve(rng.standard_normal(count), (0.5, 0.0, -0.5), mode="same")
    sound: Floats = (hiss * np.sin(np.pi * share) ** 2 * 0.012).astype(np.float32)
    return sound


def _humming(start_s: float, end_s: float) -> list[_Sound]:
    """A carer's soft hum: nearly a pure tone, low and slow, with the mouth shut."""
    sounds: list[_Sound] = []
    at_s, beat_s, note = start_s, 0.62, 0
    while at_s < end_s - 2.0:
        step, beats = _LULLABY[note % len(_LULLABY)]
        length_s = beats * beat_s
        time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
        hertz = 164.8 * 2 ** (step / 12)
        swing = 2 * np.pi * hertz * time + 0.35 * np.sin(2 * np.pi * 5.1 * time) * np.clip(time / 0.4, 0, 1)
        tone = np.sin(swing) + 0.28 * np.sin(2 * swing) + 0.07 * np.sin(3 * swing)
        swell = np.clip(time / 0.12, 0, 1) * np.clip((length_s - time) / 0.18, 0, 1)
        sounds.append(_sound(at_s, (0.008 * tone * swell).astype(np.float32)))
        at_s += length_s
        note += 1
    return sounds


def _knocks(rng: np.random.Generator, start_s: float) -> list[_Sound]:
    """A door falls shut and something tumbles down."""
    sounds: list[_Sound] = []
    for delay_s, peak, hertz in (
        (0.0, 0.3, 95),
        (0.55, 0.16, 240),
        (0.8, 0.12, 310),
        (1.1, 0.14, 220),
        (1.5, 0.08, 350),
    ):
        time = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
        thud = np.sin(2 * np.pi * hertz * time) * np.exp(-time / 0.09)
        crack = rng.standard_normal(time.size) * np.exp(-time / 0.035)
        knock = thud + 0.5 * crack
        sounds.append(_sound(start_s + delay_s, (knock * peak / np.abs(knock).max()).astype(np.float32)))
    return sounds


def _click(rng: np.random.Generator) -> Floats:
    """The camera moves its infrared filter."""
    time = np.arange(round(0.03 * RATE_HZ)) / RATE_HZ
    click = rng.standard_normal(time.size) * np.exp(-time / 0.003) + np.sin(2 * np.pi * 2100 * time) * np.exp(
        -time / 0.006
    )
    sound: Floats = (click * 0.05 / np.abs(click).max()).astype(np.float32)
    return sound
