"""A simulated day of frame checks: the governor beside a fixed check every 45 s. No network, no wall clock.

    scripts/bench ai [--days 5] [--json]

The day is made of seconds: night and two naps with stirs and wakings, play in view, hours out of the crib. What the
detectors report of it (motion, sleep, occupancy, crying, suspected kinds) is written by the script with their delays
(motion at once, a suspicion after 2 s), not recorded from a camera. Twenty dangers are staged at fixed times:

- twelve that a detector suspects (covered face, zone), eight that none does: rolled over, cord, object in the mouth,
  a blanket that a movement left on the face. These eight are found by what movement or the clock asks for.

The delay of a danger is from its start to the verdict on the first picture that shows it. The fixed schedule's delay
hangs on its phase: its figure is the mean over all 45 phases.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import json
import random
import statistics

from custom_components.cradlewatch.engine.analysis.budget import BudgetSettings
from custom_components.cradlewatch.engine.analysis.cadence import Scene
from custom_components.cradlewatch.engine.analysis.governor import Governor
from custom_components.cradlewatch.engine.models import EventKind, Severity, Usage, Verdict

DAY_S = 86_400
FIXED_S = 45
LATENCY_S = 4
SUSPECT_S = 2
TOKENS = Usage(tokens_in=1100, tokens_out=160)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Danger:
    """A staged danger. `moves_s`: how long the movement lasts that brings it about."""

    at_s: int
    name: str
    suspected: EventKind | None
    moves_s: int
    lasts_s: int = 240


def _at(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return hours * 3600 + minutes * 60 + seconds


DANGERS = (
    Danger(_at("00:41:13"), "face covered", EventKind.FACE_COVERED, 4),
    Danger(_at("01:52:20"), "blanket left on the face by a stir", None, 6),
    Danger(_at("02:33:05"), "rolled on the stomach", None, 5),
    Danger(_at("03:17:44"), "face covered", EventKind.FACE_COVERED, 3),
    Danger(_at("04:28:31"), "cord at the neck", None, 12),
    Danger(_at("05:09:02"), "face covered", EventKind.FACE_COVERED, 5),
    Danger(_at("06:48:27"), "climbing", EventKind.CLIMBING, 40),
    Danger(_at("07:03:50"), "object in the mouth", None, 60),
    Danger(_at("09:40:16"), "face covered", EventKind.FACE_COVERED, 4),
    Danger(_at("10:12:09"), "rolled on the stomach", None, 6),
    Danger(_at("10:44:33"), "climbing", EventKind.CLIMBING, 30),
    Danger(_at("13:26:55"), "on the stomach", EventKind.ON_STOMACH, 5),
    Danger(_at("14:05:21"), "face covered", EventKind.FACE_COVERED, 3),
    Danger(_at("14:37:48"), "blanket left on the face by a stir", None, 7),
    Danger(_at("15:08:12"), "climbing", EventKind.CLIMBING, 45),
    Danger(_at("15:21:40"), "cord at the neck", None, 20),
    Danger(_at("17:33:19"), "climbing", EventKind.CLIMBING, 35),
    Danger(_at("17:48:06"), "object in the mouth", None, 60),
    Danger(_at("20:14:57"), "face covered", EventKind.FACE_COVERED, 5),
    Danger(_at("22:51:38"), "on the stomach", EventKind.ON_STOMACH, 4),
)

SLEEP = [("00:00:00", "06:30:00"), ("09:30:00", "10:30:00"), ("13:00:00", "15:00:00"), ("20:00:00", "24:00:00")]
PLAY = [("06:30:00", "07:10:00"), ("10:30:00", "10:55:00"), ("15:00:00", "15:30:00"), ("17:30:00", "17:55:00")]


def dangers_of(seed: int) -> tuple[Danger, ...]:
    """The staged dangers, each moved by up to a minute: else one lucky or unlucky phase would decide."""
    rng = random.Random(seed)
    return tuple(replace(danger, at_s=danger.at_s + rng.randint(-45, 45)) for danger in DANGERS)


def make_day(seed: int, dangers: tuple[Danger, ...]) -> list[Scene]:
    """What the detectors say, second by second."""
    rng = random.Random(seed)
    away = Scene(occupancy=False, gist=0)
    day = [away] * DAY_S
    for start, end in SLEEP:
        _sleep(day, _at(start), _at(end), rng)
    for start, end in PLAY:
        _play(day, _at(start), _at(end), rng)
    for danger in dangers:
        _stage(day, danger, rng)
    return day


def _sleep(day: list[Scene], start_s: int, end_s: int, rng: random.Random) -> None:
    """Still, with a stir of 3-15 s every quarter of an hour or so, and a waking with crying once in a long sleep."""
    still = Scene(asleep=True, occupancy=True, gist=rng.getrandbits(64))
    at_s = start_s
    while at_s < end_s:
        calm_s = int(rng.expovariate(1 / 900)) + 60
        stir_s = rng.randint(3, 15)
        day[at_s : min(at_s + calm_s, end_s)] = [still] * (min(at_s + calm_s, end_s) - at_s)
        at_s += calm_s
        still = replace(still, gist=rng.getrandbits(64))
        moving = replace(still, motion=True)
        day[at_s : min(at_s + stir_s, end_s)] = [moving] * max(0, min(at_s + stir_s, end_s) - at_s)
        at_s += stir_s
    if end_s - start_s > 3 * 3600:
        waking = start_s + rng.randint(3600, end_s - start_s - 1200)
        crying = Scene(asleep=False, occupancy=True, crying=True, motion=True, gist=rng.getrandbits(64))
        day[waking : waking + 180] = [crying] * 180


def _play(day: list[Scene], start_s: int, end_s: int, rng: random.Random) -> None:
    """Moving most of the time, with rests."""
    at_s = start_s
    while at_s < end_s:
        for moving, span_s in ((True, rng.randint(20, 120)), (False, rng.randint(3, 30))):
            scene = Scene(motion=moving, asleep=False, occupancy=True, gist=rng.getrandbits(64))
            stop_s = min(at_s + span_s, end_s)
            day[at_s:stop_s] = [scene] * max(0, stop_s - at_s)
            at_s = max(at_s, stop_s)


def _stage(day: list[Scene], danger: Danger, rng: random.Random) -> None:
    """The movement begins `moves_s` before the danger is there; what is then left stays until the danger ends."""
    gist = rng.getrandbits(64)
    for at_s in range(danger.at_s - min(danger.moves_s, 10), danger.at_s + danger.lasts_s):
        moving = at_s < danger.at_s + danger.moves_s - min(danger.moves_s, 10) + 1
        suspected = danger.suspected is not None and at_s >= danger.at_s + SUSPECT_S
        day[at_s] = replace(
            day[at_s],
            motion=moving,
            occupancy=True,
            gist=gist,
            near_zone=danger.suspected is EventKind.CLIMBING and at_s >= danger.at_s,
            suspected=(danger.suspected,) if suspected and danger.suspected else (),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What a schedule did in one day."""

    calls: int
    delays_s: tuple[float, ...]
    """For each danger of DANGERS; a danger that was never seen counts as long as it lasted."""


def _delay_s(danger: Danger, sent: list[int]) -> float:
    first = next((at_s for at_s in sent if at_s >= danger.at_s), danger.at_s + danger.lasts_s)
    return min(first - danger.at_s, danger.lasts_s) + LATENCY_S


def fixed(phase_s: int) -> Run:
    """A check every 45 s, whatever happens."""
    sent = list(range(phase_s, DAY_S, FIXED_S))
    return Run(len(sent), tuple(_delay_s(danger, sent) for danger in DANGERS))


def governed(seed: int, budget: BudgetSettings | None = None) -> tuple[Run, Governor]:
    """The governor, with a verdict 4 s after each check."""
    dangers = dangers_of(seed)
    day = make_day(seed, dangers)
    governor = Governor(budget or BudgetSettings(), MIDNIGHT)
    sent: list[int] = []
    answer: tuple[int, int] | None = None
    tickets = {}
    for now_s, seen in enumerate(day):
        local_now = MIDNIGHT + timedelta(seconds=now_s)
        if answer is not None and now_s >= answer[0]:
            governor.settle("crib", tickets.pop(answer[1]), _verdict(answer[1], day[answer[1]]), local_now)
            answer = None
        answered = sent and answer is None
        # A suspicion is answered by its verdict, which confirms or dismisses it.
        scene = seen if not (answered and sent[-1] in _spans(dangers, seen, now_s)) else replace(seen, suspected=())
        due = governor.due("crib", scene, float(now_s), local_now)
        if due is None or (answer is not None and not due.urgent):
            continue
        tickets[now_s] = governor.take("crib", scene, float(now_s), local_now, model="m", urgent=due.urgent)
        sent.append(now_s)
        answer = (now_s + LATENCY_S, now_s)
    return Run(len(sent), tuple(_delay_s(danger, sent) for danger in dangers)), governor


def _spans(dangers: tuple[Danger, ...], seen: Scene, now_s: int) -> range:
    """When the danger that is suspected now has been looked at, if it was."""
    for danger in dangers:
        if seen.suspected and danger.at_s <= now_s < danger.at_s + danger.lasts_s:
            return range(danger.at_s + SUSPECT_S, now_s + 1)
    return range(0)


def _verdict(at_s: int, seen: Scene) -> Verdict:
    return Verdict(
        provider="m",
        model="m",
        taken_at=MIDNIGHT,
        taken_at_s=float(at_s),
        latency_s=LATENCY_S,
        safety=None if seen.occupancy is False else Severity.SAFE,
        title="t",
        description="d",
        usage=TOKENS,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """Means over the days and phases that were simulated."""

    fixed_calls: float
    governed_calls: float
    fixed_delays_s: tuple[float, ...]
    governed_delays_s: tuple[float, ...]
    governed_worst_s: tuple[float, ...]

    @property
    def share(self) -> float:
        """Calls of the governor for one of the fixed schedule."""
        return self.governed_calls / self.fixed_calls


def simulate(days: int) -> Result:
    """Both schedules over `days` days of different stirs."""
    by_clock = [fixed(phase_s) for phase_s in range(FIXED_S)]
    by_risk = [governed(seed)[0] for seed in range(days)]
    count = range(len(DANGERS))
    return Result(
        fixed_calls=statistics.mean(run.calls for run in by_clock),
        governed_calls=statistics.mean(run.calls for run in by_risk),
        fixed_delays_s=tuple(statistics.mean(run.delays_s[i] for run in by_clock) for i in count),
        governed_delays_s=tuple(statistics.mean(run.delays_s[i] for run in by_risk) for i in count),
        governed_worst_s=tuple(max(run.delays_s[i] for run in by_risk) for i in count),
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    result = simulate(options.days)
    tokens = (TOKENS.tokens_in or 0) + (TOKENS.tokens_out or 0)
    if options.json:
        print(json.dumps({"share": result.share, "fixed": result.fixed_calls, "governed": result.governed_calls}))
        return 0
    print(f"{'danger':52} {'governor':>9} {'worst':>7} {'every 45 s':>11}")
    rows = zip(DANGERS, result.governed_delays_s, result.governed_worst_s, result.fixed_delays_s, strict=True)
    for danger, mean_s, worst_s, fixed_s in rows:
        who = "suspected" if danger.suspected else "not suspected"
        print(f"{danger.name + f' ({who})':52} {mean_s:7.1f} s {worst_s:5.0f} s {fixed_s:9.1f} s")
    for name, calls in (("governor", result.governed_calls), ("every 45 s", result.fixed_calls)):
        print(f"{name}: {calls:.0f} calls a day, {calls * tokens / 1e6:.2f} million tokens ({tokens} a call)")
    print(f"calls: {result.share:.1%} of the fixed schedule's; cost: as tokens, price per model set by the parent")
    print("A danger without any movement, sound or suspicion waits for the clock: up to 860 s asleep, 45 s fixed.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
