"""Cries of many voices, by source and filter: a glottal source that bends, breaks and roughens, through a small tract.

Ranges from the literature on infant cry: fundamental 300-600 Hz and arcs in most cries, hyperphonation of 1-2 kHz and
rough (dysphonic, subharmonic) stretches in many, breath groups of 0.4-3 s with audible breaths in between
(Wasz-Hoeckert et al. 1968; Michelsson and Michelsson 1999; LaGasse, Neal and Lester 2005; Wermke and Robb 2010).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .voices import Sound, scaled

type Floats = NDArray[np.float64]
type Range = tuple[float, float]

_CONTROL_HZ = 200
_HIGHEST_ORDER = 30
_CLOSED_DB = 10.0
"""Steeper by so many dB an octave while the mouth is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Ranges from which each infant, and each of its bursts, is drawn."""

    base_hz: Range = (360, 540)
    rise: Range = (0.05, 0.35)
    """How far the arc of a burst goes up, as a share."""
    fall: Range = (0.0, 0.2)
    burst_s: Range = (0.5, 1.5)
    gap_s: Range = (0.25, 0.8)
    first_formant_hz: Range = (850, 1450)
    second_formant_hz: Range = (2000, 3400)
    tilt_db: Range = (5, 10)
    """Of the source, dB an octave."""
    rough: Range = (0.004, 0.02)
    """Change of pitch from cycle to cycle."""
    breath: Range = (0.03, 0.15)
    subharmonic: Range = (0.0, 0.0)
    shriek_share: float = 0.0
    """Share of bursts that break into hyperphonation."""
    gasp: float = 0.5
    """Share of pauses in which the breath is heard."""
    whoop: float = 0.0
    """Share of pauses in which the breath going in has a loud voice of its own, higher than the cry's."""
    opening_s: Range = (0.0, 0.0)
    """The mouth opens for so long at the beginning of a burst."""


VOICES: dict[str, Voice] = {
    "newborn": Voice(base_hz=(400, 560), burst_s=(0.5, 1.3), gap_s=(0.25, 0.7), gasp=0.7),
    "older": Voice(
        base_hz=(290, 430), burst_s=(0.5, 2.2), first_formant_hz=(750, 1200), second_formant_hz=(1700, 2600)
    ),
    "hoarse": Voice(rough=(0.03, 0.06), breath=(0.25, 0.6), subharmonic=(0.1, 0.6)),
    "whimper": Voice(
        base_hz=(300, 450), rise=(0.03, 0.2), burst_s=(0.3, 0.7), gap_s=(0.25, 0.8), first_formant_hz=(600, 950),
        tilt_db=(9, 13), gasp=0.2,
    ),
    "wail": Voice(burst_s=(1.8, 4.5), gap_s=(0.4, 1.0), rise=(0.1, 0.4), fall=(0.1, 0.3)),
    "fuss": Voice(base_hz=(300, 470), burst_s=(0.3, 0.9), gap_s=(0.3, 1.2), tilt_db=(7, 12), gasp=0.2),
    "shrieks": Voice(base_hz=(420, 600), shriek_share=0.4, tilt_db=(4, 8)),
    "pain": Voice(base_hz=(450, 650), burst_s=(1.0, 3.0), gap_s=(0.3, 1.2), rise=(0.1, 0.5), tilt_db=(3, 7)),
    "whoops": Voice(
        base_hz=(420, 540), rise=(0.02, 0.12), fall=(0.15, 0.35), burst_s=(0.4, 1.1), gap_s=(0.22, 0.45),
        first_formant_hz=(1100, 1600), second_formant_hz=(2800, 3600), tilt_db=(3, 7), whoop=0.9, opening_s=(0.1, 0.35),
    ),
    "sobs": Voice(
        base_hz=(330, 480), burst_s=(0.25, 0.6), gap_s=(0.15, 0.5), rise=(0.02, 0.2), fall=(0.1, 0.3), whoop=0.4,
        rough=(0.01, 0.03), breath=(0.1, 0.3), opening_s=(0.0, 0.15),
    ),
}  # fmt: skip


def cry(rng: np.random.Generator, duration_s: float, rate_hz: int, kind: str, level_dbfs: float = -25) -> Sound:
    """Crying of one infant; begins with a burst at once."""
    voice = VOICES[kind]
    infant = replace(
        voice,
        base_hz=_narrow(rng, voice.base_hz),
        first_formant_hz=_narrow(rng, voice.first_formant_hz),
        second_formant_hz=_narrow(rng, voice.second_formant_hz),
    )
    out = np.zeros(int(duration_s * rate_hz))
    at = 0
    while at < out.size - 0.2 * rate_hz:
        burst = _burst(rng, infant, rate_hz)[: out.size - at]
        out[at : at + burst.size] += burst * rng.uniform(0.6, 1)
        at += burst.size
        gap = int(rng.uniform(*infant.gap_s) * rate_hz)
        if infant.whoop and rng.random() < infant.whoop:
            whoop = _whoop(rng, infant, rate_hz, gap)[: out.size - at]
            out[at : at + whoop.size] += whoop
        elif rng.random() < infant.gasp:
            gasp = _gasp(rng, rate_hz)[: max(0, min(gap, out.size - at) - rate_hz // 30)]
            out[at + rate_hz // 30 : at + rate_hz // 30 + gasp.size] += gasp
        at += gap
    return scaled(out, level_dbfs)


def _narrow(rng: np.random.Generator, span: Range) -> Range:
    """One infant's part of a range."""
    middle = rng.uniform(*span)
    return middle * 0.94, middle * 1.06


def _burst(rng: np.random.Generator, voice: Voice, rate_hz: int) -> Floats:
    length_s = rng.uniform(*voice.burst_s)
    size = max(8, int(length_s * _CONTROL_HZ))
    share = np.linspace(0, 1, size)
    peak_at = rng.uniform(0.2, 0.6)
    arc = np.where(
        share < peak_at, np.sin(np.pi / 2 * share / peak_at), np.cos(np.pi / 2 * (share - peak_at) / (1.01 - peak_at))
    )
    pitch = rng.uniform(*voice.base_hz) * (1 + rng.uniform(*voice.rise) * arc - rng.uniform(*voice.fall) * share)
    for _ in range(int(length_s)):
        # Longer bursts have more than one arc.
        pitch *= 1 + rng.uniform(-0.08, 0.08) * np.sin(np.pi * np.clip((share - rng.random()) * 3, 0, 1)) ** 2
    rough = np.full(size, rng.uniform(*voice.rough))
    if rng.random() < voice.shriek_share:
        start = rng.uniform(0, 0.5)
        broken = (share >= start) & (share < start + rng.uniform(0.3, 0.6))
        pitch[broken] *= rng.uniform(2.0, 3.0)
    pitch *= 1 + rough * rng.standard_normal(size)
    formants = [
        (rng.uniform(*voice.first_formant_hz) * (1 + 0.15 * arc), 180.0),
        (rng.uniform(*voice.second_formant_hz) * np.ones(size), 300.0),
        (rng.uniform(4200, 5600) * np.ones(size), 500.0),
    ]
    tilt_db: float | Floats = rng.uniform(*voice.tilt_db)
    if voice.opening_s[1] > 0:
        opening_s = rng.uniform(*voice.opening_s)
        tilt_db = tilt_db + _CLOSED_DB * np.clip(1 - share * length_s / max(opening_s, 0.01), 0, 1)
    sound = _phonate(rng, pitch, formants, tilt_db, rate_hz)
    t = np.arange(sound.size) / rate_hz
    if (depth := rng.uniform(*voice.subharmonic)) > 0:
        half = np.cumsum(np.interp(t, share * length_s, pitch)) / rate_hz * np.pi
        sound *= 1 + depth * np.sin(half) * (np.sin(2 * np.pi * t / length_s * rng.uniform(0.5, 2)) > 0)
    noise = _breath(rng, sound.size, formants, rate_hz)
    sound += rng.uniform(*voice.breath) * noise * np.sqrt(np.mean(sound**2) / np.mean(noise**2))
    rise_s, fall_s = rng.uniform(0.02, 0.1), rng.uniform(0.06, 0.2)
    sound *= np.clip(np.minimum(t / rise_s, (length_s - t) / fall_s), 0, 1) * (
        1 + 0.15 * np.sin(2 * np.pi * t * rng.uniform(2, 6))
    )
    done: Floats = sound / np.sqrt(np.mean(sound**2) + 1e-12)
    return done


def _phonate(
    rng: np.random.Generator,
    pitch_hz: Floats,
    formants: list[tuple[Floats, float]],
    tilt_db: float | Floats,
    rate_hz: int,
) -> Floats:
    """Harmonics of `pitch_hz` (at _CONTROL_HZ), weighted by the tract; they keep below 0.45 of the rate."""
    size = int(pitch_hz.size / _CONTROL_HZ * rate_hz)
    grid = np.linspace(0, pitch_hz.size - 1, size)
    steps = np.arange(pitch_hz.size)
    phase = 2 * np.pi * np.cumsum(np.interp(grid, steps, pitch_hz)) / rate_hz
    out = np.zeros(size)
    for order in range(1, _HIGHEST_ORDER + 1):
        frequency = pitch_hz * order
        if frequency.min() > 0.45 * rate_hz:
            break
        weight = order ** (-np.asarray(tilt_db) / 6.02) * _tract(frequency, formants) * (frequency < 0.45 * rate_hz)
        out += np.interp(grid, steps, weight) * np.sin(order * phase + rng.uniform(0, 6.28))
    return out


def _tract(frequency_hz: Floats, formants: list[tuple[Floats, float]]) -> Floats:
    """Gain of resonances in a row, 1 at low frequencies."""
    gain = np.ones_like(frequency_hz)
    for middle_hz, width_hz in formants:
        gain = gain * middle_hz**2 / np.sqrt((frequency_hz**2 - middle_hz**2) ** 2 + (frequency_hz * width_hz) ** 2)
    return gain


def _breath(rng: np.random.Generator, size: int, formants: list[tuple[Floats, float]], rate_hz: int) -> Floats:
    spectrum = np.fft.rfft(rng.standard_normal(size))
    frequency = np.fft.rfftfreq(size, 1 / rate_hz)
    still = [(np.array(float(np.mean(middle))), width) for middle, width in formants]
    noise: Floats = np.fft.irfft(spectrum * _tract(frequency, still) * frequency / (frequency + 500), size)
    return noise


def _gasp(rng: np.random.Generator, rate_hz: int) -> Floats:
    """The breath going in: short, noisy, sometimes with a high voice."""
    size = int(rng.uniform(0.08, 0.25) * rate_hz)
    formants = [(np.array(rng.uniform(1200, 2200)), 400.0), (np.array(3200.0), 600.0)]
    sound = _breath(rng, size, formants, rate_hz)
    sound /= np.sqrt(np.mean(sound**2))
    if rng.random() < 0.4:
        t = np.arange(size) / rate_hz
        sound += 1.5 * np.sin(2 * np.pi * rng.uniform(500, 900) * t * (1 + 0.3 * t))
    shaped: Floats = sound * np.sin(np.pi * np.linspace(0, 1, size)) ** 0.5 * 10 ** (-rng.uniform(8, 18) / 20)
    return shaped


def _whoop(rng: np.random.Generator, voice: Voice, rate_hz: int, gap: int) -> Floats:
    """A breath with a voice, in the middle of a pause of `gap` samples: as loud as the cry or nearly, and higher."""
    length_s = min(rng.uniform(0.12, 0.25), 0.75 * gap / rate_hz)
    size = max(8, int(length_s * _CONTROL_HZ))
    share = np.linspace(0, 1, size)
    pitch = rng.uniform(*voice.base_hz) * rng.uniform(1.5, 2.1) * (1 + 0.08 * np.sin(np.pi * share))
    pitch *= 1 + 0.01 * rng.standard_normal(size)
    formants = [(rng.uniform(1100, 1700) * np.ones(size), 200.0), (rng.uniform(2200, 3200) * np.ones(size), 400.0)]
    sound = _phonate(rng, pitch, formants, rng.uniform(4, 9), rate_hz)
    noise = _breath(rng, sound.size, formants, rate_hz)
    sound += rng.uniform(0.1, 0.4) * noise * np.sqrt(np.mean(sound**2) / np.mean(noise**2))
    sound *= np.sin(np.pi * np.linspace(0, 1, sound.size)) ** 0.5 / np.sqrt(np.mean(sound**2))
    placed = np.zeros(gap)
    start = max(0, (gap - sound.size) // 2)
    placed[start : start + sound.size] = (sound * 10 ** (-rng.uniform(0, 10) / 20))[: gap - start]
    return placed
