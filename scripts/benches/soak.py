"""Real speed, random faults, a whole home: what happened, how long it took to recover, what leaked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
import random
import time

from .camera import ReplayCamera
from .numbers import SendLog
from .soak_faults import CLIP, FAULTS, PASSWORDS, SMALLER, Fault, Stage
from .soak_home import LOSSES, Ending, Size, SoakedHome, State, soaked_home
from .soak_player import Hole
from .table import median

_RECOVERY_LIMIT_S = 60.0
_SETTLE_S = 30.0
_SAMPLE_EVERY_S = 2.0
# The parts of a player's buffer that were made before the fault come after it, and those of the end later still.
_AROUND_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One fault. Times from the moment the camera was well again; None: not within a minute."""

    fault: Fault
    began_s: float
    over_s: float
    after_s: dict[str, float | None]


CHECKS: dict[str, Callable[[State, State], bool]] = {
    # Five a second are looked at, one in two seconds while nothing moves. A new frame thread counts from nothing.
    "picture": lambda first, now: (
        now.link == "live" and (now.decoded > first.decoded + 1 or now.decoded < first.decoded)
    ),
    "viewer": lambda first, now: now.viewer_bytes >= first.viewer_bytes + 100_000,
    "HLS": lambda first, now: now.parts >= first.parts + 2,
}


def soak(minutes: float, seed: int | None) -> int:
    """Run it and print it; 1 where the picture did not come back once, or something leaked or was lost."""
    seed = random.randrange(1 << 16) if seed is None else seed
    say(f"{minutes:g} minutes, seed {seed} (scripts/bench --soak {minutes:g} --seed {seed})")
    with ReplayCamera(CLIP, SMALLER) as camera:
        camera.order("password", password=PASSWORDS[0])
        result = asyncio.run(_soak(camera, minutes, random.Random(seed)))
        cost = camera.core_percent()
        # Both run on one clock and count alike, whichever is shown.
        log = SendLog([*camera.sent(CLIP, 0), *camera.sent(SMALLER, 0)])
    result.holes = [hole for hole in result.player_holes(log) if not result.explained(hole)]
    print(f"\nCPU of the replaying camera: {cost:.1f} core-%")
    return result.show()


def say(text: str) -> None:
    print(f"soak: {time.strftime('%H:%M:%S')} {text}", flush=True)


class Result:
    """All that a soak found."""

    def __init__(self, home: SoakedHome) -> None:
        self._player = home.player
        self.outcomes: list[Outcome] = []
        self.sizes: list[Size] = []
        self.figures: tuple[dict[str, object], dict[str, object]] = ({}, {})
        self.guests = 0
        self.ending: Ending | None = None
        self.holes: list[Hole] = []

    def player_holes(self, log: SendLog) -> list[Hole]:
        return self._player.holes(log)

    def explained(self, hole: Hole) -> bool:
        """Does it touch a fault and its aftermath?"""
        return any(
            hole.until_s > outcome.began_s - _AROUND_S and hole.from_s < outcome.over_s + _AROUND_S
            for outcome in self.outcomes
        )

    def _after_what(self, hole: Hole) -> str:
        """The fault that came last before it."""
        before = [outcome for outcome in self.outcomes if outcome.over_s <= hole.from_s]
        if not before:
            return "before any fault"
        return f"{hole.from_s - before[-1].over_s:.0f} s after the end of: {before[-1].fault.name}"

    def show(self) -> int:
        self._show_faults()
        leaked = self._show_sizes()
        frames = self._player.frames()
        unreadable = sum(seen.number is None for seen in frames)
        lost = sum(hole.frames for hole in self.holes)
        print(
            f"HLS: {len(frames)} frames decoded, {unreadable} without a readable number,"
            f" {self._player.undecodable} segments not decodable, opened {self._player.openings} times;"
            f" frames lost outside of faults: {lost}"
            f" in {len(self.holes)} places; guests of the relay that came and went: {self.guests}"
        )
        for hole in self.holes:
            print(f"  {hole.frames} frames over {hole.until_s - hole.from_s:.1f} s, {self._after_what(hole)}")
        gone = [outcome for outcome in self.outcomes if None in outcome.after_s.values()]
        bad = [] if self.ending is None else self._show_ending(self.ending)
        failed = bool(gone or leaked or lost or bad or self.ending is None)
        print(
            f"{len(self.outcomes)} faults, {len(gone)} without recovery; leaked or lost:"
            f" {', '.join(leaked) or 'nothing'}; verdict: {'FAILED' if failed else 'passed'}"
        )
        return int(failed)

    def _show_faults(self) -> None:
        print(f"\n{'fault':44} {'times':>5}" + "".join(f"  {name + ', worst':>14}" for name in CHECKS))
        for fault in FAULTS:
            mine = [outcome for outcome in self.outcomes if outcome.fault is fault]
            if mine:
                columns = [_worst([outcome.after_s[name] for outcome in mine]) for name in CHECKS]
                print(f"{fault.name:44} {len(mine):5}" + "".join(f"  {column:>14}" for column in columns))

    def _show_sizes(self) -> list[str]:
        """Of six spans. Grown: the last one over the second by more than what is allowed.

        What is in use comes and goes with the clips, viewers and connections of the moment; what is held for ever is
        there at the quietest one too: of memory the lower quartile is judged, while the same picture was shown.
        """
        step = max(1, len(self.sizes) // 6)
        spans = [self.sizes[at : at + step] for at in range(0, step * 6, step)]
        # The picture shown longest: an average over two sizes of it would say which of them was shown.
        shown = max((CLIP, SMALLER), key=lambda clip: sum(size.clip == clip for size in self.sizes[step:]))
        alike = [_showing(shown, span) for span in spans]
        print("\nHome Assistant's whole process, medians of six equal spans (its own memory also: lower quartiles):")
        rows: dict[str, tuple[list[float | None], float | None]] = {
            f"memory_mb, {clip}": (_medians("memory_mb", [_showing(clip, span) for span in spans]), None)
            for clip in (CLIP, SMALLER)
        }
        rows |= {
            "memory_mb, lower quartile": ([_lower_quartile(span) for span in alike], 15.0),
            "threads": (_medians("threads", spans), 3.0),
            "files": (_medians("files", spans), 4.0),
        }
        leaked = []
        for name, (figures, allowed) in rows.items():
            print(f"  {name:26} " + " ".join(f"{'-' if figure is None else f'{figure:.1f}':>8}" for figure in figures))
            # The first span still warms up; one in which the camera never showed that picture says nothing.
            known = [figure for figure in figures[1:] if figure is not None]
            if allowed is not None and (len(known) < 2 or known[-1] > known[0] + allowed):
                leaked.append(name)
        before, after = self.figures
        for key in after:
            print(f"  {key:20} {before.get(key)!s:>12} -> {after[key]!s:>12}")
        return leaked + [key for key in LOSSES if after.get(key) != before.get(key)]

    @staticmethod
    def _show_ending(ending: Ending) -> list[str]:
        print(
            f"SIGTERM: ended by itself in {ending.took_s:.1f} s with code {ending.code}, our part {ending.ours};"
            f" {ending.incidents} incidents, {ending.open_incidents} left open;"
            f" {ending.left_files} temporary files left"
        )
        return [name for name in ("code", "open_incidents", "left_files") if getattr(ending, name)]


def _showing(clip: str, span: Sequence[Size]) -> list[Size]:
    return [size for size in span if size.clip == clip]


def _medians(key: str, spans: Sequence[Sequence[Size]]) -> list[float | None]:
    return [median(getattr(size, key) for size in span) for span in spans]


def _lower_quartile(span: Sequence[Size]) -> float | None:
    values = sorted(size.memory_mb for size in span)
    return values[len(values) // 4] if values else None


async def _soak(camera: ReplayCamera, minutes: float, dice: random.Random) -> Result:
    async with soaked_home(camera.url(CLIP, PASSWORDS[0])) as home:
        result = Result(home)
        stage = Stage(camera, home)
        tasks = [asyncio.ensure_future(home.player.run()), asyncio.ensure_future(_sample(stage, result))]
        try:
            # The ring is full, the first figures are of a warm process.
            await asyncio.sleep(_SETTLE_S)
            before = await home.figures()
            await _suffer_all(stage, result, minutes, dice)
            await asyncio.sleep(_SETTLE_S)
            result.figures = before, await home.figures()
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
        result.guests = home.guests.visits
        result.ending = await home.end()
        return result


async def _sample(stage: Stage, result: Result) -> None:
    while True:
        result.sizes.append(stage.home.size(stage.shown))
        if len(result.sizes) % 150 == 0:
            size = result.sizes[-1]
            say(f"{size.memory_mb:.0f} MB, {size.threads} threads, {size.files} files")
        await asyncio.sleep(_SAMPLE_EVERY_S)


async def _suffer_all(stage: Stage, result: Result, minutes: float, dice: random.Random) -> None:
    until_s = time.monotonic() + minutes * 60
    pending: list[Fault] = []
    while time.monotonic() < until_s:
        await asyncio.sleep(dice.uniform(3, 15))
        if not pending:  # every kind once before any comes again
            pending = dice.sample(FAULTS, len(FAULTS))
        outcome = await _suffer(stage, pending.pop())
        result.outcomes.append(outcome)
        say(_line(outcome))


async def _suffer(stage: Stage, fault: Fault) -> Outcome:
    began_s = time.monotonic()
    for step in fault.steps:
        await _do(stage, step)
    await asyncio.sleep(fault.hurt_s)
    for step in fault.after:
        await _do(stage, step)
    well_s = time.monotonic()
    first = await stage.home.state()
    after_s: dict[str, float | None] = dict.fromkeys(CHECKS)
    while None in after_s.values() and time.monotonic() - well_s < _RECOVERY_LIMIT_S:
        now = await stage.home.state()
        for name, check in CHECKS.items():
            if after_s[name] is None and check(first, now):
                after_s[name] = time.monotonic() - well_s
        await asyncio.sleep(0.1)
    return Outcome(fault=fault, began_s=began_s, over_s=time.monotonic(), after_s=after_s)


async def _do(stage: Stage, step: Callable[[Stage], Awaitable[object] | object]) -> None:
    made = step(stage)
    if isinstance(made, Awaitable):
        await made


def _line(outcome: Outcome) -> str:
    def text(value: float | None) -> str:
        return "not within a minute" if value is None else f"{value:.1f} s"

    times = ", ".join(f"{name} {text(value)}" for name, value in outcome.after_s.items())
    return f"{outcome.fault.name}: again after: {times}"


def _worst(values: list[float | None]) -> str:
    if None in values:
        return f"{values.count(None)} x never"
    return f"{max(value for value in values if value is not None):.1f} s"
