"""Danger zones: entered by a moving body, armed by age, not by light."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.detectors.grid import polygon_mask
from custom_components.cradlewatch.engine.detectors.zones import is_armed
from custom_components.cradlewatch.engine.models import EventKind, Severity
from custom_components.cradlewatch.engine.settings import Zone
from tests.corpus import rooms
from tests.engine.senses_help import EPOCH_S, both_backends, make_senses, shoot, spans_of, times_of, watch

STAIRS = Zone(
    name="stairs", kind="danger", points_xy=((0.7, 0.4), (1.0, 0.4), (1.0, 1.0), (0.7, 1.0)), stages=(3, 4, 5)
)


def crawler(start_s: float = 10.0, stop_s: float = 16.0) -> list[rooms.Body]:
    """A body that crawls from the left into the right third, stays there, and comes back from 22 s on."""

    def at(t_s: float) -> tuple[float, float, float]:
        way = (min(stop_s, max(start_s, t_s)) - start_s) / (stop_s - start_s) - min(1.0, max(0.0, t_s - 22) / 4)
        return 90 + 190 * max(0.0, way), 130.0, 0.15 * float(np.sin(6 * way))

    return [rooms.Body((26, 14), 90, at, seed=3, texture=25)]


@both_backends
def test_a_body_that_moves_into_the_zone_enters_it_and_leaves_it(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(STAIRS,), age_stage=3)
    signals = watch(senses, shoot(4, crawler(), 40))
    entered = spans_of(signals, EventKind.ZONE_ENTERED)
    assert len(entered) >= 1
    assert 12 < entered[0][0] <= 15
    assert entered[-1][1] is not None
    assert {signal.zone for signal in signals if signal.kind is EventKind.ZONE_ENTERED} == {"stairs"}
    assert {signal.severity for signal in signals if signal.kind is EventKind.ZONE_ENTERED} == {Severity.WARNING}


@both_backends
@pytest.mark.parametrize(("stage", "armed"), [(3, True), (0, False), (None, True)])
def test_zones_are_armed_by_age(backend, stage, armed, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(STAIRS,), age_stage=stage)
    assert bool(times_of(watch(senses, shoot(4, crawler(), 18)), EventKind.ZONE_ENTERED)) is armed
    assert is_armed(STAIRS, stage) is armed


@both_backends
def test_movement_elsewhere_light_and_a_soft_shadow_do_not_enter(backend, monkeypatch):
    x = np.linspace(0, 1, rooms.WIDTH_PX, dtype=np.float32)[None, :]

    def shadow(t_s: float) -> rooms.Plane:
        middle = -0.3 + 0.12 * max(0.0, t_s - 10)
        return np.broadcast_to(1 - 0.35 * np.exp(-(((x - middle) / 0.15) ** 2)), (rooms.HEIGHT_PX, rooms.WIDTH_PX))

    senses = make_senses(backend, monkeypatch, zones=(STAIRS,), age_stage=3)
    assert times_of(watch(senses, shoot(4, [], 26, light=shadow)), EventKind.ZONE_ENTERED) == []
    senses = make_senses(backend, monkeypatch, zones=(STAIRS,), age_stage=3)
    lamp = shoot(4, [], 22, light=lambda t_s: 0.5 if 10 < t_s < 16 else 1.0)
    assert times_of(watch(senses, lamp), EventKind.ZONE_ENTERED) == []
    senses = make_senses(backend, monkeypatch, zones=(STAIRS,), age_stage=3)
    stays_left = shoot(4, crawler(10.0, 100.0)[:1], 18)
    assert times_of(watch(senses, stays_left), EventKind.ZONE_ENTERED) == []


@both_backends
def test_close_leaves_the_zone(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(STAIRS,), age_stage=4)
    watch(senses, shoot(4, crawler(), 15.5))
    ended = [signal for signal in senses.close(EPOCH_S + 16) if signal.kind is EventKind.ZONE_ENTERED]
    assert [(signal.active, signal.zone) for signal in ended] == [(False, "stairs")]


def test_polygons_cover_what_is_inside():
    whole = polygon_mask(((0, 0), (1, 0), (1, 1), (0, 1)), (10, 20))
    assert whole.all()
    half = polygon_mask(((0, 0), (1, 0), (0, 1)), (40, 40))
    assert 0.45 < half.mean() < 0.55
    assert half[0, 0]
    assert not half[-1, -1]
