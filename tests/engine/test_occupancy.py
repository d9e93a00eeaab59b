"""A child in view: yes, no, or not known."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import EventKind
from custom_components.cradlewatch.engine.settings import Zone
from tests.corpus import films, rooms
from tests.engine.senses_help import EPOCH_S, both_backends, make_senses, shoot, times_of, watch

CRIB = Zone(name="crib", kind="crib", points_xy=((0.2, 0.4), (0.8, 0.4), (0.8, 0.95), (0.2, 0.95)))


def lying(moving: films.Spans, seed: int = 3) -> list[rooms.Body]:
    return films.infant(np.random.default_rng(seed), moving, size_px=14.0)


@both_backends
def test_a_still_picture_says_nothing(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    watch(senses, shoot(2, [], 20))
    assert senses.reading(EPOCH_S + 20).occupancy is None


@both_backends
def test_movement_in_the_crib_is_a_child(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    watch(senses, shoot(2, lying(((8.0, 13.0),)), 20))
    assert senses.reading(EPOCH_S + 20).occupancy is True


@both_backends
def test_learned_empty_then_a_child_then_gone_and_back(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    watch(senses, shoot(2, [], 8))
    assert senses.learn_empty()
    signals = watch(senses, shoot(2, [], 10), 8)
    assert senses.reading(EPOCH_S + 18).occupancy is False
    assert signals == []
    watch(senses, shoot(2, lying(((1.0, 5.0),)), 10), 18)
    assert senses.reading(EPOCH_S + 28).occupancy is True
    signals = watch(senses, shoot(2, [], 14), 28)
    assert senses.reading(EPOCH_S + 42).occupancy is False
    assert len(times_of(signals, EventKind.OUT_OF_VIEW)) == 1
    signals = watch(senses, shoot(2, lying(((1.0, 5.0),)), 10), 42)
    assert times_of(signals, EventKind.BACK_IN_VIEW) != []
    assert [signal.active for signal in signals if signal.kind is EventKind.OUT_OF_VIEW] == [False]
    assert senses.reading(EPOCH_S + 52).occupancy is True


@both_backends
def test_a_model_says_who_is_there_and_movement_outweighs_its_no(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    shot = shoot(2, [], 12)
    watch(senses, shot)
    senses.on_verdict_hint(True, EPOCH_S + 12)
    watch(senses, shot, 12)
    assert senses.reading(EPOCH_S + 24).occupancy is True
    senses.on_verdict_hint(False, EPOCH_S + 24)
    watch(senses, shot, 24)
    assert senses.reading(EPOCH_S + 36).occupancy is False
    watch(senses, shoot(2, lying(((1.0, 6.0),)), 12), 36)
    assert senses.reading(EPOCH_S + 48).occupancy is True


@both_backends
def test_after_the_camera_was_lost_nobody_is_known_to_be_there(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    watch(senses, shoot(2, lying(((8.0, 13.0),)), 16))
    senses.close(EPOCH_S + 16)
    assert senses.reading(EPOCH_S + 17).occupancy is None


@both_backends
@pytest.mark.parametrize(("height_px", "expected"), [(150, True), (30, False)])
def test_a_large_body_is_a_visitor(backend, height_px, expected, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    bodies = films.walker(np.random.default_rng(2), ((8.0, 14.0),), height_px=float(height_px))
    assert bool(times_of(watch(senses, shoot(3, bodies, 18)), EventKind.VISITOR)) is expected


@both_backends
def test_learning_needs_a_picture(backend, monkeypatch):
    assert not make_senses(backend, monkeypatch).learn_empty()


def still_for(senses, seconds, offset_s, bodies=(), seed=2):
    """The same still scene again and again: a short film, looped, keeps the test short."""
    shot = shoot(seed, list(bodies), 10)
    signals = []
    for part in range(int(seconds // 10)):
        signals += watch(senses, shot, offset_s + 10 * part)
    return signals


@both_backends
def test_the_empty_crib_is_learned_by_itself_after_long_stillness_on_the_models_word(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    still_for(senses, 40, 0)
    assert not senses.knows_empty
    senses.on_verdict_hint(False, EPOCH_S + 40)
    still_for(senses, 10, 40)
    assert senses.reading(EPOCH_S + 50).occupancy is False
    assert not senses.knows_empty, "learned before it was still for a minute"
    still_for(senses, 20, 50)
    assert senses.knows_empty
    # Eleven minutes later the model's word is too old; what was learned is not.
    watch(senses, shoot(2, lying(((1.0, 5.0),)), 10), 720)
    assert senses.reading(EPOCH_S + 730).occupancy is True
    signals = still_for(senses, 20, 730)
    assert senses.reading(EPOCH_S + 750).occupancy is False
    assert len(times_of(signals, EventKind.OUT_OF_VIEW)) == 1


@both_backends
@pytest.mark.parametrize("word", [None, True])
def test_stillness_alone_and_a_model_that_sees_a_child_teach_nothing(backend, word, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    if word is not None:
        senses.on_verdict_hint(word, EPOCH_S)
    still_for(senses, 100, 0)
    assert not senses.knows_empty
    assert senses.reading(EPOCH_S + 100).occupancy is word


@both_backends
def test_a_sleeping_child_that_the_model_once_missed_is_not_away_for_ever(backend, monkeypatch):
    """The model overlooked a child under its blanket, and sees it at the next check: the wrong lesson is forgotten."""
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    senses.on_verdict_hint(False, EPOCH_S)
    still_for(senses, 80, 0)
    assert senses.knows_empty
    assert senses.reading(EPOCH_S + 80).occupancy is False
    senses.on_verdict_hint(True, EPOCH_S + 80)
    still_for(senses, 10, 80)
    assert senses.reading(EPOCH_S + 90).occupancy is True
    assert not senses.knows_empty


@both_backends
def test_a_parents_lesson_outweighs_a_model_that_imagines_a_child(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch, zones=(CRIB,))
    still_for(senses, 10, 0)
    assert senses.learn_empty()
    senses.on_verdict_hint(True, EPOCH_S + 10)
    still_for(senses, 20, 10)
    assert senses.reading(EPOCH_S + 30).occupancy is False
    assert senses.knows_empty
