"""The scored set of films: who moves when, under which light, noise, shake and compression."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
import io

import av
import numpy as np

from .rooms import FPS, HEIGHT_PX, WIDTH_PX, Body, Camera, Footage, Gray, film, room

MARGIN_PX = 12
type Spans = tuple[tuple[float, float], ...]


def spans(rng: np.random.Generator, duration_s: float, *, length_s: tuple[float, float] = (2, 7)) -> Spans:
    """Times of movement with pauses of 5-12 s, the first after 8 s."""
    found, at = [], 8 + rng.uniform(0, 4)
    while at + 4 < duration_s - 5:
        end = min(at + rng.uniform(*length_s), duration_s - 4)
        found.append((round(at * FPS) / FPS, round(end * FPS) / FPS))
        at = end + rng.uniform(5, 12)
    return tuple(found)


def moved_time(t_s: float, moving: Spans) -> float:
    """Seconds of movement up to `t_s`: a clock that stands still with the body."""
    return sum(max(0.0, min(t_s, end) - start) for start, end in moving)


def infant(rng: np.random.Generator, moving: Spans, *, size_px: float) -> list[Body]:
    """An infant of `size_px` (half length of its trunk) lying in the crib: limbs swing, trunk and head wiggle."""
    x, y = 160 + MARGIN_PX + rng.uniform(-25, 25), 115 + MARGIN_PX + rng.uniform(-12, 12)
    lean, tempo = rng.uniform(-0.5, 0.5), rng.uniform(0.5, 1.3)
    brightness = rng.uniform(70, 150)

    def part(
        dx: float, dy: float, swing_px: float, phase: float, turn: float
    ) -> Callable[[float], tuple[float, float, float]]:
        def at(t_s: float) -> tuple[float, float, float]:
            angle = 2 * np.pi * tempo * moved_time(t_s, moving) + phase
            return (
                x + dx * size_px + swing_px * np.sin(angle),
                y + dy * size_px + swing_px * np.cos(0.8 * angle),
                lean + turn * np.sin(angle),
            )

        return at

    swing = 0.45 * size_px
    return [
        Body((size_px, 0.6 * size_px), brightness, part(0, 0, 0.06 * size_px, 0, 0.1), seed=1),
        Body((0.5 * size_px, 0.45 * size_px), brightness + 25, part(-1.35, 0.05, 0.1 * size_px, 1, 0.1), seed=2),
        Body((0.55 * size_px, 0.2 * size_px), brightness + 20, part(-0.5, -0.7, swing, 2, 0.8), seed=3),
        Body((0.55 * size_px, 0.2 * size_px), brightness + 20, part(0.9, 0.5, swing, 4, 0.8), seed=4),
    ]


def walker(rng: np.random.Generator, moving: Spans, *, height_px: float) -> list[Body]:
    """Somebody walks to and fro and stands still between."""
    speed, phase = rng.uniform(25, 60), rng.uniform(0, 6)
    brightness = rng.uniform(40, 200)

    def at(t_s: float) -> tuple[float, float, float]:
        way = moved_time(t_s, moving)
        return (
            160 + MARGIN_PX + 120 * np.sin(speed / 120 * way + phase),
            95 + MARGIN_PX + 3 * np.sin(9 * way),
            0.05 * np.sin(9 * way),
        )

    return [Body((height_px / 4, height_px / 2), brightness, at, seed=5, texture=20)]


def guest(rng: np.random.Generator, stays: tuple[float, float], *, height_px: float) -> tuple[list[Body], Spans]:
    """Somebody comes in, stands for a while, and leaves an empty room."""
    come, leave = stays
    brightness = rng.uniform(40, 200)

    def at(t_s: float) -> tuple[float, float, float] | None:
        if t_s < come or t_s > leave + 3:
            return None
        inward = min(1.0, (t_s - come) / 3) - max(0.0, (t_s - leave) / 3)
        return -40 + 200 * inward, 100 + MARGIN_PX, 0.0

    body = Body((height_px / 4, height_px / 2), brightness, at, seed=6, texture=20)
    return [body], ((come, come + 3), (leave, leave + 3))


def _make(
    name: str,
    family: str,
    seed: int,
    duration_s: float,
    moving: Spans,
    bodies: Callable[[], list[Body]],
    camera: Callable[[np.random.Generator], Camera],
    *,
    codec: str | None = None,
) -> Footage:
    def frames() -> Iterator[tuple[float, Gray]]:
        rng = np.random.default_rng(seed)
        drawn = film(rng, room(rng), bodies(), camera(rng), duration_s)
        return through_codec(drawn, crf=int(codec)) if codec else drawn

    return Footage(name=name, family=family, duration_s=duration_s, moving=moving, frames=frames)


def through_codec(
    frames: Iterator[tuple[float, Gray]], *, crf: int = 30, fps: float = FPS, gop: int = 10
) -> Iterator[tuple[float, Gray]]:
    """The frames after a real x264 at this quality, keyframes every `gop`."""
    file = io.BytesIO()
    times = []
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "g": str(gop), "tune": "zerolatency", "threads": "1"}
        for t_s, gray in frames:
            times.append(t_s)
            plane = np.full((HEIGHT_PX * 3 // 2, WIDTH_PX), 128, np.uint8)
            plane[:HEIGHT_PX] = gray
            out.mux(stream.encode(av.VideoFrame.from_ndarray(plane, format="yuv420p")))
        out.mux(stream.encode())
    file.seek(0)
    with av.open(file) as made:
        for t_s, frame in zip(times, made.decode(video=0), strict=False):
            yield t_s, frame.to_ndarray(format="yuv420p")[:HEIGHT_PX].copy()


def _steps(rng: np.random.Generator, duration_s: float) -> Callable[[float], float]:
    levels = rng.uniform(0.3, 1.3, int(duration_s / 8) + 2)
    return lambda t_s: float(levels[int(t_s / 8)])


def _shaking(rng: np.random.Generator, size_px: float) -> Callable[[float], tuple[float, float]]:
    steps = rng.uniform(-size_px, size_px, (2000, 2))
    return lambda t_s: (
        (0.0, 0.0) if t_s % 20 < 8 else (float(steps[int(t_s * FPS + 0.5), 0]), float(steps[int(t_s * FPS + 0.5), 1]))
    )


def plain(_rng: np.random.Generator, noise: float) -> Camera:
    return Camera(_rng, read_noise=noise)


def motion_set(seeds: range, duration_s: float = 70.0) -> Iterator[Footage]:
    """All families for each seed."""
    for seed in seeds:
        rng = np.random.default_rng(1000 + seed)
        for size_px, label in ((8.0, "small"), (14.0, "middle"), (24.0, "close")):
            moving = spans(rng, duration_s)
            make = partial(infant, size_px=size_px, moving=moving)
            bodies = partial(_seeded, make, seed)
            noise = rng.uniform(1, 4)
            yield _make(
                f"infant {label} {seed}",
                "infant " + label,
                seed,
                duration_s,
                moving,
                bodies,
                partial(plain, noise=noise),
            )
        moving = spans(rng, duration_s)
        lying = partial(_seeded, partial(infant, size_px=14.0, moving=moving), seed)
        yield _make(
            f"infant x264 {seed}",
            "infant x264",
            seed,
            duration_s,
            moving,
            lying,
            partial(plain, noise=3.0),
            codec=str(28 + 2 * (seed % 3)),
        )
        yield _make(f"infant infrared {seed}", "infant infrared", seed, duration_s, moving, lying, _infrared)
        moving = spans(rng, duration_s)
        walking = partial(_seeded, partial(walker, height_px=float(rng.uniform(60, 130)), moving=moving), seed)
        yield _make(f"walker {seed}", "walker", seed, duration_s, moving, walking, partial(plain, noise=2.0))
        _, moving = guest(np.random.default_rng(seed), (12.0, 40.0), height_px=120)
        visiting = partial(_seeded, lambda r: guest(r, (12.0, 40.0), height_px=120)[0], seed)
        yield _make(
            f"guest {seed}", "guest, then empty room", seed, duration_s, moving, visiting, partial(plain, noise=2.0)
        )
        for label, camera in STILL_CAMERAS.items():
            yield _make(f"{label} {seed}", label, seed, duration_s, (), list, camera)
        yield _make(
            f"still x264 {seed}", "still x264", seed, duration_s, (), list, partial(plain, noise=4.0), codec="30"
        )


def _seeded(make: Callable[[np.random.Generator], list[Body]], seed: int) -> list[Body]:
    return make(np.random.default_rng(seed))


def _infrared(rng: np.random.Generator) -> Camera:
    return Camera(rng, read_noise=2.0, infrared=lambda _t: True)


STILL_CAMERAS: dict[str, Callable[[np.random.Generator], Camera]] = {
    "still": partial(plain, noise=2.0),
    "still, heavy infrared noise": lambda rng: Camera(rng, read_noise=6.0, infrared=lambda _t: True),
    "light switches": lambda rng: Camera(rng, light=_steps(rng, 1000)),
    "infrared switches": lambda rng: Camera(rng, infrared=lambda t_s: t_s % 24 > 12),
    "shake 6 px": lambda rng: Camera(rng, shift=_shaking(rng, 6.0)),
    "light dims slowly": lambda rng: Camera(rng, light=lambda t_s: 0.75 + 0.35 * float(np.sin(t_s / 6))),
}
