"""A simulated day of frame checks: the governor beside a fixed check every 45 s. No network, no wall clock.

    scripts/bench ai [--days 15] [--json]

The day is put together from the demo's script (`demo_day.py`), and what the detectors say of each second is what
they said of the drawn nursery when it was recorded (`demo_senses.json`): movement, crying, presence, and who reaches
into the zone at the rail. Sleep, incidents and safety are judged by the product's own code. Twenty dangers begin with
a movement; no detector of ours sees a covered face or a cord, only the zone at the rail is suspected by one.

The delay of a danger is from its beginning to the verdict on the first picture that shows it; a verdict takes 4 s.
The fixed schedule's delay hangs on its phase: mean and worst are over all 45 phases. A parent comes a minute after the
verdict. One more danger, without any movement or sound, is told beside the twenty.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
import json
import statistics

from custom_components.cradlewatch.engine.analysis.budget import BudgetSettings, Ticket
from custom_components.cradlewatch.engine.analysis.cadence import CadenceSettings, Scene
from custom_components.cradlewatch.engine.analysis.governor import Governor
from custom_components.cradlewatch.engine.models import EventKind, Severity, Signal, Sleep, Usage, Verdict
from custom_components.cradlewatch.engine.safety import SafetyJudge
from custom_components.cradlewatch.engine.settings import SafetySettings, TrackerSettings
from custom_components.cradlewatch.engine.sleep import SleepMachine
from custom_components.cradlewatch.engine.tracker import IncidentTracker
from scripts.demo_day import DANGERS, DAY_S, LASTS_S, QUIET, Danger, Day
from scripts.demo_senses import Second

FIXED_S = 45
LATENCY_S = 4
GIST_EVERY_S = 10
TOKENS = Usage(tokens_in=1900, tokens_out=250)
"""Of a check, as the set-up page estimates it."""
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
STAGED = (*DANGERS, QUIET)


@dataclass(frozen=True, slots=True)
class Run:
    """What a schedule did in one day."""

    calls: int
    delays_s: tuple[float, ...]
    """For each danger of STAGED; one that was never seen counts as long as it lasted."""


@dataclass(slots=True)
class _Call:
    sent_s: int
    picture: Verdict
    danger: int | None
    ticket: Ticket
    urgent: bool


def _delay_s(danger: Danger, sent: list[int]) -> float:
    first = next((at_s for at_s in sent if at_s >= danger.at_s), danger.at_s + LASTS_S)
    return float(min(first - danger.at_s, LASTS_S) + LATENCY_S)


def fixed(phase_s: int) -> Run:
    """A check every 45 s, whatever happens."""
    sent = list(range(phase_s, DAY_S, FIXED_S))
    return Run(len(sent), tuple(_delay_s(danger, sent) for danger in STAGED))


class Home:
    """One crib with the product's own judges, fed with the recording."""

    def __init__(self, seed: int, budget: BudgetSettings | None, cadence: CadenceSettings | None) -> None:
        self.day = Day(seed)
        self.governor = Governor(budget or BudgetSettings(), MIDNIGHT, cadence)
        self._sleep = SleepMachine()
        self._tracker = IncidentTracker(TrackerSettings())
        self._judge = SafetyJudge(SafetySettings())
        self._on: frozenset[tuple[EventKind, str | None, Severity]] = frozenset()
        self._gist: int | None = None
        self._calls: list[_Call] = []
        self.sent: list[int] = []
        self.seen_s: dict[int, int] = {}

    def run(self) -> None:
        """The whole day, second by second."""
        for now_s in range(DAY_S):
            now_at = MIDNIGHT + timedelta(seconds=now_s)
            self._answers(now_s, now_at)
            scene = self._look(now_s, now_at)
            due = self.governor.due("crib", scene, float(now_s), now_at)
            if due is not None and (due.urgent or not self._calls):
                self._send(scene, now_s, now_at, urgent=due.urgent)

    def _look(self, now_s: int, now_at: datetime) -> Scene:
        second = self.day.second(now_s)
        reading = replace(second.reading, at_s=float(now_s))
        on = self.day.conditions(now_s)
        for signals, active in ((self._on - on, False), (on - self._on, True)):
            for kind, zone, severity in sorted(signals, key=str):
                signal = Signal(kind=kind, active=active, at_s=float(now_s), zone=zone, severity=severity)
                self._tracker.on_signal(signal, now_at, float(now_s))
        self._on = on
        for signal in self._sleep.on_reading(reading, now_at):
            self._tracker.on_signal(signal, now_at, float(now_s))
        self._tracker.tick(now_at, float(now_s))
        if now_s % GIST_EVERY_S == 0:
            self._gist = second.gist
        return self._scene(second, now_s)

    def _scene(self, second: Second, now_s: int) -> Scene:
        reading, asleep = second.reading, self._sleep.state
        is_asleep = None if asleep is None else asleep is Sleep.ASLEEP
        safety = self._judge.state(float(now_s), asleep=is_asleep, enabled=True).safety
        return Scene(
            motion=reading.motion,
            asleep=is_asleep,
            occupancy=reading.occupancy,
            crying=reading.crying,
            near_zone=self._tracker.active(EventKind.ZONE_ENTERED),
            suspected=self._tracker.suspected,
            danger=safety in (Severity.WARNING, Severity.DANGER),
            visible=reading.visible,
            gist=self._gist,
        )

    def _send(self, scene: Scene, now_s: int, now_at: datetime, *, urgent: bool) -> None:
        for call in self._calls:
            if not call.urgent:
                # As the lane does: danger cuts a routine call.
                self.governor.settle("crib", call.ticket, None, now_at)
        self._calls = [call for call in self._calls if call.urgent]
        # The picture that is sent has a gist of its own.
        scene = replace(scene, gist=self.day.second(now_s).gist)
        ticket = self.governor.take("crib", scene, float(now_s), now_at, model="m", urgent=urgent)
        danger = self.day.danger_at(now_s)
        self.sent.append(now_s)
        self._calls.append(_Call(now_s, _verdict(now_s, scene, danger), danger, ticket, urgent))

    def _answers(self, now_s: int, now_at: datetime) -> None:
        for call in [call for call in self._calls if now_s >= call.sent_s + LATENCY_S]:
            self._calls.remove(call)
            self.governor.settle("crib", call.ticket, call.picture, now_at)
            self._judge.on_verdict(call.picture)
            self._tracker.on_verdict(call.picture, now_at, float(now_s))
            if call.danger is not None:
                self.seen_s.setdefault(call.danger, now_s)
                self.day.seen(call.danger, now_s)


def governed(seed: int, budget: BudgetSettings | None = None, cadence: CadenceSettings | None = None) -> Run:
    """The governor, with a verdict 4 s after each check."""
    home = Home(seed, budget, cadence)
    home.run()
    delays = (
        float(home.seen_s.get(index, danger.at_s + LASTS_S + LATENCY_S) - danger.at_s)
        for index, danger in enumerate(home.day.dangers)
    )
    return Run(len(home.sent), tuple(delays))


def _verdict(at_s: int, seen: Scene, danger: int | None) -> Verdict:
    """What a good model says of the picture: where nobody is seen it cannot judge."""
    safety = Severity.DANGER if danger is not None else None if seen.occupancy is False else Severity.SAFE
    return Verdict(
        provider="m",
        model="m",
        taken_at=MIDNIGHT + timedelta(seconds=at_s),
        taken_at_s=float(at_s),
        latency_s=LATENCY_S,
        safety=safety,
        title="t",
        description="d",
        child_in_view=seen.occupancy,
        usage=TOKENS,
    )


@dataclass(frozen=True, slots=True)
class Delays:
    """Of one staged danger, in seconds, over all days or phases."""

    mean_s: float
    worst_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """Means over the days and phases that were simulated."""

    fixed_calls: float
    governed_calls: float
    fixed: tuple[Delays, ...]
    governed: tuple[Delays, ...]
    cases: int
    """Staged dangers over all days, the twenty of each."""
    above_mean: int
    """Those of them that waited longer than the fixed schedule does in the mean."""

    @property
    def share(self) -> float:
        """Calls of the governor for one of the fixed schedule."""
        return self.governed_calls / self.fixed_calls

    @property
    def longer(self) -> tuple[str, ...]:
        """The staged dangers that wait longer than with the fixed schedule, in the mean or at worst."""
        rows = zip(DANGERS, self.governed, self.fixed, strict=False)
        return tuple(
            f"{_clock(danger)} {danger.name}"
            for danger, ours, theirs in rows
            if ours.mean_s > theirs.mean_s or ours.worst_s > theirs.worst_s
        )


def simulate(days: int, cadence: CadenceSettings | None = None) -> Result:
    """Both schedules over `days` days of different stirs."""
    by_clock = [fixed(phase_s) for phase_s in range(FIXED_S)]
    by_risk = [governed(seed, cadence=cadence) for seed in range(days)]
    single = [pair for run in by_risk for pair in zip(run.delays_s[: len(DANGERS)], _delays(by_clock), strict=False)]
    return Result(
        fixed_calls=statistics.mean(run.calls for run in by_clock),
        governed_calls=statistics.mean(run.calls for run in by_risk),
        fixed=_delays(by_clock),
        governed=_delays(by_risk),
        cases=len(single),
        above_mean=sum(delay_s > theirs.mean_s for delay_s, theirs in single),
    )


def _delays(runs: list[Run]) -> tuple[Delays, ...]:
    columns = zip(*(run.delays_s for run in runs), strict=True)
    return tuple(Delays(statistics.mean(column), max(column)) for column in columns)


def _clock(danger: Danger) -> str:
    return f"{danger.at_s // 3600:02}:{danger.at_s // 60 % 60:02}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    result = simulate(options.days)
    tokens = (TOKENS.tokens_in or 0) + (TOKENS.tokens_out or 0)
    if options.json:
        print(json.dumps({"share": result.share, "fixed": result.fixed_calls, "governed": result.governed_calls}))
        return 0
    print(f"{'danger, delay to its verdict in s':44} {'governor':>9} {'worst':>6} {'every 45 s':>11} {'worst':>6}")
    for danger, ours, theirs in zip(STAGED, result.governed, result.fixed, strict=True):
        figures = f"{ours.mean_s:9.1f} {ours.worst_s:6.0f} {theirs.mean_s:11.1f} {theirs.worst_s:6.0f}"
        print(f"{_clock(danger) + ' ' + danger.name:44} {figures}")
    for name, calls in (("governor", result.governed_calls), ("every 45 s", result.fixed_calls)):
        print(f"{name}: {calls:.0f} calls a day, {calls * tokens / 1e6:.2f} million tokens ({tokens} a call)")
    print(f"calls: {result.share:.1%} of the fixed schedule's; cost: as tokens, price per model set by the parent")
    print(f"of the twenty, longer than with the fixed schedule: {', '.join(result.longer) or 'none'}")
    print(f"single cases that wait longer than the fixed schedule's mean: {result.above_mean} of {result.cases}")
    print("The last row is none of the twenty: what neither moves nor sounds waits for the clock, up to 860 s asleep.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
