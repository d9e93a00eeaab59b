"""The sound part of `scripts/bench senses`: cries that are found, and what is taken for one. Seeds never tuned on."""

from collections.abc import Callable
import time

import numpy as np

from custom_components.cradlewatch.engine.models import AudioBlock, EventKind
from custom_components.cradlewatch.engine.sound.listener import Listener
from tests.corpus import callers, channels, cries, households, voices
from tests.corpus.voices import Sound

RATE_HZ = 16_000
_CRIES_S = 12.0
_QUIET_S = 5.0
_PART_S = 60.0
_CRY_SEEDS, _OTHER_SEEDS = 50_000, 90_000


def hear(sound: Sound, rate_hz: int) -> list[tuple[float, bool]]:
    """When crying went on and off."""
    listener, found, step = Listener(), [], rate_hz * 64 // 1000
    for stop in range(step, sound.size + 1, step):
        block = AudioBlock(samples=sound[stop - step : stop], rate_hz=rate_hz, at_s=stop / rate_hz)
        found += [(signal.at_s, signal.active) for signal in listener.hear(block) if signal.kind is EventKind.CRYING]
    return found


class _Found:
    """Cries found, delays from the first burst, times from the last burst to off."""

    def __init__(self) -> None:
        self.count = 0
        self.delays_s: list[float] = []
        self.offs_s: list[float] = []

    def add(self, changes: list[tuple[float, bool]], last_s: float | None = None) -> None:
        self.count += 1
        on_s = next((at_s for at_s, on in changes if on), None)
        if on_s is None or not _QUIET_S < on_s <= _QUIET_S + _CRIES_S + 0.5:
            return
        self.delays_s.append(on_s - _QUIET_S)
        if last_s is not None:
            self.offs_s += [at_s - last_s for at_s, on in changes if not on][-1:]

    def line(self) -> str:
        soon = sum(delay_s <= 5.0 for delay_s in self.delays_s)
        delay = f"{np.median(self.delays_s):.1f} ({max(self.delays_s):.1f})" if self.delays_s else "-"
        off = f"{np.median(self.offs_s):.1f}" if self.offs_s else "-"
        return f"{len(self.delays_s)}/{self.count} | {soon}/{self.count} | {delay} | {off}"


_HEAD = "found | within 5 s | delay s, median (max) | off after the last burst s |\n|---|---|---|---|---|"


def _infant(rng: np.random.Generator, kind: str, rate_hz: int, after_s: float) -> tuple[Sound, float]:
    """Quiet, crying, quiet; and when the last burst ended."""
    cry = cries.cry(rng, _CRIES_S, rate_hz, kind)
    loud = np.flatnonzero(np.abs(cry) > 0.1 * np.abs(cry).max())
    quiet = np.zeros(int(_QUIET_S * rate_hz), np.float32)
    sound = np.concatenate([quiet, cry, np.zeros(int(after_s * rate_hz), np.float32)])
    return sound, _QUIET_S + float(loud[-1]) / rate_hz


def _noisy(
    rng: np.random.Generator, kind: str, noise: str, ratio_db: float, rate_hz: int, after_s: float = 2.0
) -> tuple[Sound, float]:
    sound, last_s = _infant(rng, kind, rate_hz, after_s)
    background = channels.NOISES[noise](rng, sound.size / rate_hz + 0.1, rate_hz)
    return channels.beside(sound, background, ratio_db), last_s


def found(seeds: int, first: int = 0) -> None:
    """Tables of recall: by voice and noise at 10 dB, by rate and ratio, by room, microphone and codec.

    `first`: added to the seeds, for sounds that nobody has looked at.
    """
    noises = list(channels.NOISES)
    print(f"\n| voice, at 10 dB in each of {', '.join(noises)} | {_HEAD}")
    total = _Found()
    by_noise = {noise: _Found() for noise in noises}
    for kind in cries.VOICES:
        row = _Found()
        for number in range(seeds * len(noises)):
            rng = np.random.default_rng(_CRY_SEEDS + first + number)
            sound, last_s = _noisy(rng, kind, noises[number % len(noises)], 10, RATE_HZ, 24.0 if number == 0 else 2.0)
            changes = hear(sound, RATE_HZ)
            for score in (row, total, by_noise[noises[number % len(noises)]]):
                score.add(changes, last_s if number == 0 else None)
        print(f"| {kind} | {row.line()} |")
    print(f"| **all** | {total.line()} |")
    for noise, row in by_noise.items():
        print(f"| in {noise} | {row.line()} |")
    kinds = list(cries.VOICES)
    print(f"\n| all voices in pink noise | {_HEAD}")
    for rate_hz, ratio_db in ((8000, 10), (44_100, 10), (48_000, 10), (16_000, 20), (16_000, 0)):
        row = _Found()
        for number, kind in enumerate(kinds * seeds):
            rng = np.random.default_rng(_CRY_SEEDS + first + 1000 + number)
            row.add(hear(_noisy(rng, kind, "pink", ratio_db, rate_hz)[0], rate_hz))
        print(f"| {rate_hz} Hz, {ratio_db} dB | {row.line()} |")
    print(f"\n| all voices, 12 dB of pink noise, through | {_HEAD}")
    for name, channel in channels.CHANNELS.items():
        row = _Found()
        for number, kind in enumerate(kinds * seeds):
            rng = np.random.default_rng(_CRY_SEEDS + first + 2000 + number)
            row.add(hear(*channel(_noisy(rng, kind, "pink", 12, RATE_HZ)[0], rng, RATE_HZ)))
        print(f"| {name} | {row.line()} |")


def mixed_hour(rng: np.random.Generator, duration_s: float, rate_hz: int) -> Sound:
    """Speech over music over white noise, as the goal has it."""
    speaks = voices.speech(rng, duration_s, rate_hz) + voices.music(rng, duration_s, rate_hz, -30)
    return voices.scaled(speaks + voices.white_noise(rng, duration_s, rate_hz, -40), -25)


_OTHERS: dict[str, Callable[..., Sound]] = {
    "speech, music and white noise mixed": mixed_hour, **voices.DISTRACTORS, **households.HOUSEHOLD, **callers.CALLERS,
}  # fmt: skip


def false_alarms(hours: float, kinds: str = "", first: int = 0) -> None:
    """What is no cry: `hours` of each kind, each minute another voice, tune or machine, 10-30 dB of noise.

    `first`: added to the seeds, for sounds that nobody has looked at.
    """
    print("\n| no cry | minutes | false alarms | an hour | us per second of sound |\n|---|---|---|---|---|", flush=True)
    for name, make in _OTHERS.items():
        if kinds and name.split(",")[0] not in kinds.split("+"):
            continue
        alarms, parts, spent_s = 0, max(1, round(hours * 3600 / _PART_S)), 0.0
        for number in range(parts):
            rng = np.random.default_rng(_OTHER_SEEDS + first + number)
            sound = voices.mixed(make(rng, _PART_S, RATE_HZ), rng, float(rng.choice([10, 20, 30])))
            start_s = time.thread_time()
            alarms += sum(on for _, on in hear(sound, RATE_HZ))
            spent_s += time.thread_time() - start_s
        minutes = parts * _PART_S / 60
        us = spent_s / parts / _PART_S * 1e6
        print(f"| {name} | {minutes:.0f} | {alarms} | {alarms / minutes * 60:.1f} | {us:.0f} |", flush=True)
