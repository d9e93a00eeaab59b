"""Risk sets the pace, the budget holds, and neither ever makes an old verdict young."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
import json
from statistics import mean
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.cradlewatch.engine.analysis.budget import Budget, BudgetLevel, BudgetSettings, Price
from custom_components.cradlewatch.engine.analysis.cadence import Cadence, CadenceSettings, Scene, Why
from custom_components.cradlewatch.engine.analysis.governor import Governor
from custom_components.cradlewatch.engine.analysis.scene_hash import LIKE_BITS, alike, distance, scene_hash
from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure
from custom_components.cradlewatch.engine.models import EventKind, Usage
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings
from custom_components.cradlewatch.engine.source.nursery import NurseryScene
from custom_components.cradlewatch.engine.source.nursery_script import PERIOD_S
from scripts.bench_ai import simulate
from scripts.demo_day import DANGERS, span_of
from scripts.demo_senses import RAIL, load, seconds_of, to_json

NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Asia/Seoul"))
USED = Usage(tokens_in=900, tokens_out=100)
ASLEEP = Scene(asleep=True, occupancy=True, gist=7)
AWAKE = Scene(asleep=False, occupancy=True, gist=7)


def _spend(budget: Budget, times: int, *, urgent: bool = False, now: datetime = NOON, model: str = "m") -> int:
    """How many of `times` calls were allowed."""
    for sent in range(times):
        try:
            ticket = budget.take(now, model=model, urgent=urgent)
        except AnalysisError as error:
            if error.failure is not AnalysisFailure.BUDGET_SPENT:
                raise
            return sent
        budget.settle(ticket, now, USED)
    return times


# Budget


def test_calls_are_never_passed_and_danger_keeps_its_share() -> None:
    budget = Budget(BudgetSettings(calls_per_day=100), NOON)
    assert _spend(budget, 200) == 80
    assert budget.figures(NOON).level is BudgetLevel.URGENT_ONLY
    assert _spend(budget, 200, urgent=True) == 20
    figures = budget.figures(NOON)
    assert figures.level is BudgetLevel.SPENT
    assert figures.limit == "calls"
    assert figures.calls == 100


def test_tokens_in_flight_count() -> None:
    budget = Budget(BudgetSettings(tokens_per_day=10_000, urgent_share=0), NOON)
    _spend(budget, 1)
    for _ in range(9):
        budget.take(NOON, model="m", urgent=True)
    with pytest.raises(AnalysisError):
        budget.take(NOON, model="m", urgent=True)
    assert budget.figures(NOON).level is BudgetLevel.SPENT


def test_money_by_the_parent_s_prices() -> None:
    price = Price(input_per_million=1.0, output_per_million=10.0)
    budget = Budget(BudgetSettings(money_per_day=0.1, prices={"m": price}, urgent_share=0), NOON)
    allowed = _spend(budget, 1000)
    cost = budget.figures(NOON).cost
    assert cost is not None
    assert 0.09 < cost <= 0.1
    assert cost == pytest.approx(allowed * (900 * 1 + 100 * 10) / 1e6)


def test_unknown_price_shows_tokens_only() -> None:
    budget = Budget(BudgetSettings(money_per_day=0.001), NOON)
    assert _spend(budget, 50) == 50
    figures = budget.figures(NOON)
    assert figures.cost is None
    assert figures.tokens_in == 50 * 900


def test_failed_calls_count_as_calls_and_maybe_as_tokens() -> None:
    budget = Budget(BudgetSettings(calls_per_day=10), NOON)
    _spend(budget, 1)
    budget.settle(budget.take(NOON, model="m", urgent=False), NOON, None, billed=True)
    budget.settle(budget.take(NOON, model="m", urgent=False), NOON, None, billed=False)
    figures = budget.figures(NOON)
    assert (figures.calls, figures.failures) == (3, 2)
    assert figures.tokens_in == 900 + 1000


def test_a_ticket_is_settled_once() -> None:
    budget = Budget(BudgetSettings(), NOON)
    ticket = budget.take(NOON, model="m", urgent=False)
    budget.settle(ticket, NOON, USED)
    budget.settle(ticket, NOON, USED)
    assert budget.figures(NOON).tokens_in == 900


def test_new_day_at_local_midnight() -> None:
    budget = Budget(BudgetSettings(calls_per_day=10), NOON)
    _spend(budget, 20)
    before = NOON.replace(hour=23, minute=59, second=59)
    assert budget.figures(before).calls == 8
    assert budget.figures(before + timedelta(seconds=1)).calls == 0


def test_restart_forgets_nothing_of_today() -> None:
    budget = Budget(BudgetSettings(calls_per_day=10), NOON)
    _spend(budget, 5)
    stored = json.loads(json.dumps(budget.to_json()))
    later = Budget(BudgetSettings(calls_per_day=10), NOON)
    later.restore(stored, NOON + timedelta(minutes=5))
    assert later.figures(NOON) == budget.figures(NOON)
    tomorrow = Budget(BudgetSettings(), NOON)
    tomorrow.restore(stored, NOON + timedelta(days=1))
    assert tomorrow.figures(NOON).calls == 0


def test_forecast_names_the_hour() -> None:
    budget = Budget(BudgetSettings(calls_per_day=1000, urgent_share=0), NOON)
    for hour in (10, 11, 12):
        _spend(budget, 100, now=NOON.replace(hour=hour))
    figures = budget.figures(NOON.replace(hour=13))
    assert figures.ends_at is not None
    assert figures.ends_at == pytest.approx(NOON.replace(hour=20), abs=timedelta(hours=1.1))
    assert figures.level is BudgetLevel.ECONOMY
    slow = Budget(BudgetSettings(calls_per_day=1000), NOON)
    _spend(slow, 10)
    assert slow.figures(NOON.replace(hour=13)).ends_at is None


# Cadence


def _sent(cadence: Cadence, scenes: list[Scene], *, stretch: float = 1.0, answer: bool = True) -> list[tuple[int, Why]]:
    """One scene a second; each check is answered at once."""
    sent = []
    for now_s, scene in enumerate(scenes):
        if due := cadence.observe(scene, float(now_s), stretch=stretch):
            cadence.on_sent(scene, float(now_s))
            sent.append((now_s, due.why))
            if answer:
                cadence.on_verdict(float(now_s))
    return sent


def test_first_check_at_once() -> None:
    assert _sent(Cadence(), [ASLEEP]) == [(0, Why.NO_VERDICT)]


@pytest.mark.parametrize(("scene", "valid_s"), [(ASLEEP, 900), (AWAKE, 300)])
def test_unchanged_scene_is_spared_but_its_verdict_never_gets_older_than_it_may(scene: Scene, valid_s: int) -> None:
    cadence = Cadence()
    sent = _sent(cadence, [scene] * 3600)
    gaps = [b - a for (a, _), (b, _) in pairwise(sent)]
    assert max(gaps) <= valid_s - 40
    assert min(gaps) > valid_s / 2
    assert {why for _, why in sent[1:]} == {Why.RUNS_OUT}
    assert cadence.spared > 0


def test_changed_gist_is_not_spared() -> None:
    scenes = [Scene(asleep=True, occupancy=True, gist=0 if now < 100 else (1 << 64) - 1) for now in range(400)]
    assert _sent(Cadence(), scenes)[1] == (300, Why.ROUTINE)


@pytest.mark.parametrize(
    ("asleep", "lasts_s", "sent"),
    [
        # What a sleeper's stir leaves behind is what can be dangerous: looked at once, when it is over.
        (True, 6, [(106, Why.SETTLED)]),
        (True, 40, [(115, Why.MOTION), (140, Why.SETTLED)]),
        (False, 20, [(100, Why.MOTION), (128, Why.SETTLED)]),
        (None, 20, [(100, Why.MOTION), (128, Why.SETTLED)]),
    ],
)
def test_movement_is_looked_at_and_what_it_leaves_behind(
    asleep: bool | None, lasts_s: int, sent: list[tuple[int, Why]]
) -> None:
    scenes = [Scene(asleep=asleep, occupancy=True, gist=7, motion=100 <= now < 100 + lasts_s) for now in range(200)]
    assert _sent(Cadence(), scenes)[1:] == sent


def test_stir_of_a_sleeper_near_a_danger_is_looked_at_at_once() -> None:
    scenes = [
        Scene(asleep=True, occupancy=True, gist=7, motion=100 <= now < 106, danger=now >= 90) for now in range(140)
    ]
    assert (90, Why.ROUTINE) in _sent(Cadence(), scenes)
    suspected = [
        Scene(asleep=True, occupancy=True, gist=7, motion=now >= 100, suspected=(EventKind.CLIMBING,) * (now >= 102))
        for now in range(140)
    ]
    assert _sent(Cadence(), suspected)[1] == (102, Why.SUSPECTED)


def test_suspicion_is_urgent_at_once_and_asked_again_while_it_lasts() -> None:
    scenes = [
        Scene(asleep=True, gist=7, suspected=(EventKind.FACE_COVERED,) if 100 <= now < 165 else ())
        for now in range(200)
    ]
    cadence = Cadence()
    sent = _sent(cadence, scenes)
    assert [item for item in sent if item[1] is Why.SUSPECTED] == [
        (100, Why.SUSPECTED),
        (130, Why.SUSPECTED),
        (160, Why.SUSPECTED),
    ]
    again = Scene(asleep=True, gist=7, suspected=(EventKind.FACE_COVERED,))
    due = cadence.observe(again, 201)
    assert due is not None
    assert due.urgent


def test_nothing_is_sent_of_a_picture_that_shows_nothing() -> None:
    assert _sent(Cadence(), [Scene(visible=False, motion=now % 2 == 0) for now in range(500)]) == []


def test_risk_sets_the_pace() -> None:
    def count(scene: Scene) -> int:
        scenes = [Scene(**{name: getattr(scene, name) for name in FIELDS} | {"gist": now << 8}) for now in range(3600)]
        return len(_sent(Cadence(), scenes))

    away = count(Scene(occupancy=False))
    calm = count(ASLEEP)
    quiet = count(AWAKE)
    active = count(Scene(asleep=False, occupancy=True, motion=True))
    assert away < calm < quiet < active


FIELDS = ("motion", "asleep", "occupancy", "crying", "near_zone", "danger", "visible")


def test_no_verdict_is_asked_for_again_but_an_unsure_one_less_often() -> None:
    failing = len(_sent(Cadence(), [ASLEEP] * 1800, answer=False))
    unsure_cadence = Cadence()
    unsure_cadence.on_unsure()
    unsure = len(_sent(unsure_cadence, [ASLEEP] * 1800, answer=False))
    assert failing == 40
    assert unsure == 6


def test_economy_stretches_routine_not_danger() -> None:
    scenes = [Scene(asleep=True, occupancy=True, gist=now << 8) for now in range(3600)]
    assert len(_sent(Cadence(), scenes, stretch=2)) < len(_sent(Cadence(), scenes))
    danger = [Scene(asleep=True, danger=True, gist=7)] * 600
    assert len(_sent(Cadence(), danger, stretch=2)) == len(_sent(Cadence(), danger))


def test_after_a_lost_camera_all_is_asked_anew() -> None:
    cadence = Cadence(CadenceSettings())
    _sent(cadence, [ASLEEP] * 100)
    cadence.forget()
    due = cadence.observe(ASLEEP, 100)
    assert due is not None
    assert due.why is Why.NO_VERDICT


# Governor


def test_spent_routine_share_leaves_danger() -> None:
    governor = Governor(BudgetSettings(calls_per_day=10), NOON)
    sent = urgent = 0
    for now_s in range(7200):
        scene = Scene(
            asleep=False, occupancy=True, motion=True, suspected=(EventKind.CLIMBING,) if now_s == 7000 else ()
        )
        now = NOON + timedelta(seconds=now_s)
        due = governor.due("a", scene, float(now_s), now)
        if due:
            ticket = governor.take("a", scene, float(now_s), now, model="m", urgent=due.urgent)
            governor.settle("a", ticket, AnalysisError(AnalysisFailure.TIMEOUT), now)
            sent += 1
            urgent += due.urgent
    figures = governor.figures(NOON + timedelta(hours=2))
    assert (sent, urgent) == (9, 1)
    assert figures.refused > 0
    assert figures.budget.level is BudgetLevel.URGENT_ONLY


def test_restored_governor() -> None:
    governor = Governor(BudgetSettings(calls_per_day=10), NOON)
    governor.take("a", AWAKE, 0, NOON, model="m", urgent=False)
    other = Governor(BudgetSettings(calls_per_day=10), NOON)
    other.restore(json.loads(json.dumps(governor.to_json())), NOON)
    assert other.figures(NOON).budget.calls == 1
    other.restore(None, NOON)


def test_simulated_day() -> None:
    """A quarter of the calls, and no staged danger waits longer: two days here, fifteen in `scripts/bench ai`."""
    result = simulate(days=2)
    assert result.share <= 0.25
    ours, theirs = result.governed[: len(DANGERS)], result.fixed[: len(DANGERS)]
    for danger, governed, fixed in zip(DANGERS, ours, theirs, strict=True):
        assert governed.worst_s <= fixed.worst_s, danger
        if "night" in span_of(danger) or "nap" in span_of(danger):
            assert governed.mean_s < fixed.mean_s, danger
    assert mean(delays.mean_s for delays in ours) < mean(delays.mean_s for delays in theirs)
    # A danger without any sign waits for the clock, and no longer than until the verdict runs out.
    assert result.governed[-1].worst_s <= 900


def test_recording_is_what_the_detectors_say() -> None:
    """The first seconds of the demo's script, recorded anew."""
    kept = to_json(load())
    assert len(kept) == PERIOD_S
    senses, scene = NurserySenses(SenseSettings(zones=(RAIL,))), NurseryScene()
    seconds = list(islice(seconds_of(scene, senses, 209.0), 4))
    assert [second.reading.motion for second in seconds[2:]] == [row["motion"] for row in kept[211:213]]
    assert all(
        distance(second.gist, int(row["gist"], 16)) <= LIKE_BITS
        for second, row in zip(seconds, kept[209:213], strict=True)
    )


def test_a_child_that_stays_at_the_rail_has_entered_once() -> None:
    """Each leaving and coming back would be another alert, and another call to the model."""
    senses, scene = NurserySenses(SenseSettings(zones=(RAIL,))), NurseryScene()
    seconds = islice(seconds_of(scene, senses, 0.0), 110)
    zone = [signal for second in seconds for signal in second.signals if signal.kind is EventKind.ZONE_ENTERED]
    assert [signal.active for signal in zone] == [True, False]
    assert zone[1].at_s - zone[0].at_s > 35


# Scene hash


def _room(rng: np.random.Generator) -> np.ndarray:
    ramp = np.add.outer(np.linspace(40, 120, 90), np.linspace(0, 60, 160))
    return ramp + rng.normal(0, 2, ramp.shape)


def test_noise_is_alike_and_a_moved_child_is_not() -> None:
    rng = np.random.default_rng(1)
    room = _room(rng)
    child = room.copy()
    child[30:60, 40:90] += 90
    moved = room.copy()
    moved[40:75, 80:140] += 90
    first, again, other = (
        scene_hash(np.clip(picture + rng.normal(0, 3, room.shape), 0, 255).astype(np.uint8))
        for picture in (child, child, moved)
    )
    assert distance(first, again) <= LIKE_BITS < distance(first, other)
    assert alike(first, again)
    assert not alike(first, None)


def test_flat_picture_has_no_bits() -> None:
    assert scene_hash(np.full((90, 160), 128, np.uint8)) == 0


@pytest.mark.parametrize("shape", [(4, 160), (90, 5)])
def test_too_small_to_hash(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        scene_hash(np.zeros(shape, np.uint8))


def test_utc_home() -> None:
    now = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    budget = Budget(BudgetSettings(calls_per_day=10), now)
    assert _spend(budget, 3, now=now) == 3
