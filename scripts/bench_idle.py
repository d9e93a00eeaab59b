"""What the idle economy leaves undecoded in still nurseries, and how soon every frame is looked at when one moves.

    scripts/bench idle [--cameras 12] [--seed 700] [--moves 8] [--gops 4,5 --lasts 1]

Drawn rooms with a still infant under the cameras of tests/corpus/sensors.py (grain, infrared, noise filters, flicker,
clocks), through x264 as cameras use it, 10 frames a second; the real sleeping infant of ../shared/media, to and fro,
where that is there. Prints markdown tables; docs/performance.md keeps them.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from custom_components.cradlewatch.engine import backlog, economy
from custom_components.cradlewatch.engine.models import EventKind
from tests.corpus import films, rooms, sensors
from tests.corpus.rooms import HEIGHT_PX, WIDTH_PX
from tests.engine.economy_help import FPS, Watched, encode, watch

CLIP = Path(__file__).resolve().parents[2] / "shared" / "media" / "crib_sleep.mp4"
LASTS_S, FROM_S = 120.0, 40.0
"""Idle comes after 30 s of stillness at the soonest; what is counted comes after that."""
CODINGS: dict[str, dict[str, Any]] = {
    "crf 22, GOP 1 s": {"crf": 22, "gop_s": 1.0},
    "crf 28, GOP 2 s": {"crf": 28, "gop_s": 2.0},
    "crf 34, GOP 2 s": {"crf": 34, "gop_s": 2.0},
    "300 kbit/s, GOP 2 s": {"crf": 0, "gop_s": 2.0, "rate": "300k"},
}
"""Where keyframes lie more than 2.6 s apart, or there are B frames, all of the stream is decoded always."""

type Shot = Iterator[tuple[float, rooms.Gray]]


def still_nursery(camera: str, seed: int, size_px: float) -> Shot:
    """An infant that does not stir."""
    rng = np.random.default_rng(seed)
    bodies = films.infant(np.random.default_rng(seed), (), size_px=size_px)
    return rooms.film(rng, rooms.room(rng), bodies, sensors.CAMERAS[camera](rng), LASTS_S, fps=FPS)


def sleeping_infant() -> Shot:
    """The real one, to and fro, so that nothing jumps where the clip ends."""
    with av.open(CLIP) as source:
        rate = float(source.streams.video[0].average_rate or 30)
        grays = [
            frame.reformat(WIDTH_PX, HEIGHT_PX, "gray").to_ndarray().astype(np.uint8)
            for index, frame in enumerate(source.decode(video=0))
            if index % round(rate / FPS) == 0
        ]
    there_and_back = [*grays, *grays[-2:0:-1]]
    for index in range(round(LASTS_S * FPS)):
        yield index / FPS, there_and_back[index % len(there_and_back)]


def still(cameras: int, seed: int) -> None:
    """Shares decoded, for each coding: the keyframes alone, what really was, wakes an hour."""
    shots: dict[str, Callable[[], Shot]] = {}
    for index, name in enumerate(list(sensors.CAMERAS)[:cameras]):
        size_px = (8.0, 14.0, 24.0)[index % 3]
        shots[name] = lambda name=name, index=index, size_px=size_px: still_nursery(name, seed + index, size_px)
    if CLIP.exists():
        shots["a real infant asleep"] = sleeping_infant
    rows: dict[str, list[tuple[float, int, str]]] = {coding: [] for coding in CODINGS}
    for name, shoot in shots.items():
        frames = list(shoot())
        for coding, options in CODINGS.items():
            found = watch(encode(iter(frames), **options), economy=True)
            share = sum(at_s >= FROM_S for at_s in found.decoded_s) / ((LASTS_S - FROM_S) * FPS)
            rows[coding].append((share, sum(at_s >= FROM_S for at_s in found.woke_s), name))
    hours = len(shots) * (LASTS_S - FROM_S) / 3600
    print(
        f"\nStill nurseries: {len(shots)} cameras, {LASTS_S - FROM_S:.0f} s each after {FROM_S:.0f} s, seed {seed}.\n"
    )
    print("| coding | keyframes alone | decoded, mean | worst | woken, an hour |")
    print("|---|---|---|---|---|")
    for coding, row in rows.items():
        alone = 1 / (CODINGS[coding]["gop_s"] * FPS)
        share, _, where = max(row)
        print(
            f"| {coding} | {100 * alone:.1f} % | {100 * float(np.mean([part for part, _, _ in row])):.1f} % "
            f"| {100 * share:.1f} % ({where}) | {sum(wakes for _, wakes, _ in row) / hours:.0f} |"
        )


def moving(count: int, seed: int, lasts_s: float) -> None:
    """From the first movement to every frame again, and to the word of it, against looking at every frame always."""
    print(f"\nA movement after a still minute, {count} films for each coding:\n")
    print("| coding | idle before it | every frame again after: median, worst | told later: median, worst | missed |")
    print("|---|---|---|---|---|")
    for coding, options in CODINGS.items():
        after_s: list[float] = []
        later_s: list[float] = []
        missed = 0
        for index in range(count):
            within_s = max(2.0, options["gop_s"])
            begins_s, shot = stirring_infant(seed + index, within_s, lasts_s, infrared=bool(index % 2))
            coded = encode(shot, **options)
            always, sparing = watch(coded, economy=False), watch(coded, economy=True)
            told, told_sparing = (_motion_told_s(found, begins_s) for found in (always, sparing))
            after_s += [at_s - begins_s for at_s in sparing.woke_s if at_s >= begins_s][:1]
            if told is not None and told_sparing is not None:
                later_s.append(told_sparing - told)
            missed += told is not None and told_sparing is None
        idle = f"{len(after_s)} of {count}"
        print(f"| {coding} | {idle} | {_spread(after_s)} | {_spread(later_s)} | {missed} |", flush=True)


def stirring_infant(seed: int, within_s: float, lasts_s: float, *, infrared: bool) -> tuple[float, Shot]:
    """When it moves for `lasts_s`, within so long after a minute of stillness, and the film of it."""
    rng = np.random.default_rng(seed)
    begins_s = round(FPS * (62 + rng.uniform(0, within_s))) / FPS
    camera = rooms.Camera(rng, read_noise=float(rng.uniform(0.5, 3)), infrared=lambda _t: infrared)
    moves: films.Spans = ((begins_s, begins_s + lasts_s),)
    bodies = films.infant(np.random.default_rng(seed), moves, size_px=float(rng.uniform(9, 20)))
    return begins_s, rooms.film(rng, rooms.room(rng), bodies, camera, begins_s + 4 + within_s + 2, fps=FPS)


def _motion_told_s(found: Watched, begins_s: float) -> float | None:
    """When motion was told (not: when it was seen to begin); None where it never was."""
    told = zip(found.signals, found.told_late_s, strict=True)
    for signal, late_s in told:
        if signal.active and signal.kind is EventKind.MOTION and signal.at_s >= begins_s - 0.2:
            return signal.at_s + late_s
    return None


def _spread(seconds: list[float]) -> str:
    return f"{float(np.median(seconds)):.1f} s, {max(seconds):.1f} s" if seconds else "-"


def lift_limit(gops_s: list[float]) -> None:
    """Spare streams with keyframes so far apart as well, and try only those."""
    longest_s = max(gops_s) * 1.05
    economy.MAX_GOP_S, backlog.MAX_S = longest_s, 2 * longest_s
    CODINGS.clear()
    for gop_s in gops_s:
        CODINGS[f"crf 28, GOP {gop_s:g} s"] = {"crf": 28, "gop_s": gop_s}
        CODINGS[f"300 kbit/s, GOP {gop_s:g} s"] = {"crf": 0, "gop_s": gop_s, "rate": "300k"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=len(sensors.CAMERAS), help="how many kinds; 0: none")
    parser.add_argument("--seed", type=int, default=700)
    parser.add_argument("--moves", type=int, default=8, help="films with a movement for each coding; 0: none")
    parser.add_argument("--gops", help="seconds, comma between: GOPs that are not spared else")
    parser.add_argument("--lasts", type=float, default=4.0, help="seconds of each movement")
    args = parser.parse_args()
    if args.gops:
        lift_limit([float(gop_s) for gop_s in args.gops.split(",")])
    if args.cameras:
        still(args.cameras, args.seed)
    if args.moves:
        moving(args.moves, args.seed, args.lasts)


if __name__ == "__main__":
    main()
