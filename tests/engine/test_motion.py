"""Motion: found when a body moves, and only then."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.detectors.backend import NumpyBackend, choose_backend
from custom_components.cradlewatch.engine.models import Activity, EventKind, Frame, StreamInfo
from custom_components.cradlewatch.engine.settings import Zone
from tests.corpus import codecs, films, rooms, sensors
from tests.engine.senses_help import EPOCH_S, both_backends, make_senses, shoot, spans_of, times_of, watch

MOVES = ((10.0, 14.0), (19.0, 22.0))


def an_infant(size_px: float = 10.0, moving: films.Spans = MOVES) -> list[rooms.Body]:
    return films.infant(np.random.default_rng(3), moving, size_px=size_px)


@both_backends
@pytest.mark.parametrize("size_px", [8.0, 20.0])
def test_every_movement_of_an_infant_is_an_incident_of_its_own(backend, size_px, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    found = spans_of(watch(senses, shoot(2, an_infant(size_px), 26)), EventKind.MOTION)
    assert len(found) == 2
    for (on_s, off_s), (start_s, end_s) in zip(found, MOVES, strict=True):
        assert start_s < on_s <= start_s + 1.0
        assert off_s is not None
        assert end_s < off_s <= end_s + 2.0


@both_backends
def test_a_person_who_stands_still_and_one_who_left_are_no_motion(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    bodies, moving = films.guest(np.random.default_rng(1), (8.0, 18.0), height_px=120)
    found = spans_of(watch(senses, shoot(4, bodies, 28)), EventKind.MOTION)
    assert len(found) == 2
    for (on_s, off_s), (start_s, end_s) in zip(found, moving, strict=True):
        assert start_s < on_s <= start_s + 1.0
        assert off_s is not None
        # The body is outside of the picture for the end of its way.
        assert off_s <= end_s + 2.0


STILL = {
    "noise": {"read_noise": 4.0},
    "heavy infrared noise": {"read_noise": 6.0, "infrared": lambda _t: True},
    "light switches": {"light": lambda t_s: (1.0, 0.4, 1.25, 0.7, 1.0)[int(t_s // 5) % 5]},
    "infrared switches": {"infrared": lambda t_s: 8 < t_s < 16},
    "light dims": {"light": lambda t_s: 0.8 + 0.3 * float(np.sin(t_s / 3))},
    "shake": {
        "shift": lambda t_s: (6 * float(np.sin(37.7 * t_s)), 6 * float(np.sin(91.3 * t_s))) if t_s > 8 else (0.0, 0.0)
    },
}


@both_backends
@pytest.mark.parametrize("name", STILL)
def test_noise_light_and_shake_are_no_motion(backend, name, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    signals = watch(senses, shoot(5, duration_s=25, **STILL[name]))
    assert times_of(signals, EventKind.MOTION) == []
    assert times_of(signals, EventKind.CAMERA_MOVED) == []
    assert senses.reading(EPOCH_S + 25).activity_level == 0


@both_backends
@pytest.mark.parametrize("name", ["clock", "trembles", "interlaced", "rolling flicker", "coarse infrared grain"])
def test_what_a_camera_does_by_itself_is_no_motion(backend, name, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    rng = np.random.default_rng(11)
    shot = rooms.film(rng, rooms.room(rng), [], sensors.CAMERAS[name](rng), 25)
    found = times_of(watch(senses, shot), EventKind.MOTION)
    assert [on_s for on_s in found if on_s > 10] == []


ROUGH = [
    ("interlaced", "x264 crf 32, 10 s", 532, 9.0),
    ("noise filter pumps", "x264 crf 32, 10 s", 552, 9.0),
    ("hot pixels", "x264 crf 28, 2 s", 506, 9.0),
    ("hot pixels", None, 530, 27.0),
]
"""What a rough camera and its coder did, each long after the start: once every one of these was a false motion."""


@both_backends
@pytest.mark.parametrize(("kind", "coding", "seed", "lasts_s"), ROUGH)
def test_what_a_coder_makes_of_a_rough_camera_is_no_motion(backend, kind, coding, seed, lasts_s, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    rng = np.random.default_rng(seed)
    shot = rooms.film(rng, rooms.room(rng), [], sensors.CAMERAS[kind](rng), lasts_s)
    signals = watch(senses, codecs.coded(shot, codecs.CODINGS[coding]) if coding else shot)
    assert [on_s for on_s in times_of(signals, EventKind.MOTION) if on_s > 5] == []
    assert times_of(signals, EventKind.VISITOR) == []


@both_backends
@pytest.mark.parametrize("size_px", [14.0, 24.0])
def test_motion_is_found_in_infrared_grain(backend, size_px, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = shoot(2, an_infant(size_px), 26, read_noise=2.0, infrared=lambda _t: True)
    found = times_of(watch(senses, shot), EventKind.MOTION)
    assert any(10 < on_s <= 11.2 for on_s in found)
    assert any(19 < on_s <= 20.2 for on_s in found)


@both_backends
def test_a_body_that_is_all_the_texture_of_a_bare_room_moves_and_the_camera_does_not(backend, monkeypatch):
    """Its edges are all that a shift could be seen by, so one could be fitted to nearly everything it does."""
    senses = make_senses(backend, monkeypatch)
    rng = np.random.default_rng(9)
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    bare, signals = 110 + 40 * np.sin(x / 85) * np.cos(y / 55), []
    for index in range(120):
        picture = bare + rng.standard_normal(bare.shape) * 1.5
        way = 0.25 * max(0.0, index - 30)
        left, top = int(160 + 96 * np.sin(way)), int(90 + 45 * np.sin(1.4 * way))
        picture[top - 20 : top + 20, left - 20 : left + 20] += 50
        signals += senses.on_frame(Frame(gray=picture.astype(np.uint8), at_s=EPOCH_S + index / 5, index=index))
        if index > 40:
            assert senses.reading(EPOCH_S + index / 5).motion
    assert [signal.at_s - EPOCH_S < 7.2 for signal in signals if signal.kind is EventKind.MOTION] == [True]
    assert times_of(signals, EventKind.CAMERA_MOVED) == []


@both_backends
def test_motion_is_found_while_the_camera_trembles(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = shoot(2, an_infant(20.0), 26, shift=sensors.trembling(np.random.default_rng(4)))
    found = times_of(watch(senses, shot), EventKind.MOTION)
    assert any(10 < on_s <= 11.2 for on_s in found)
    assert any(19 < on_s <= 20.2 for on_s in found)


@both_backends
def test_a_picture_that_stands_still_by_its_coder_does_not_blind(backend, monkeypatch):
    """Most of it is repeated exactly (skipped blocks): what moves is seen all the same."""
    senses = make_senses(backend, monkeypatch)
    first = shoot(2, an_infant(14.0), 0.2)[0][1]
    rows = slice(70, 180)
    shot = []
    for t_s, gray in shoot(2, an_infant(14.0), 16):
        still = first.copy()
        still[rows] = gray[rows]
        shot.append((t_s, still))
    assert any(10 < on_s <= 11 for on_s in times_of(watch(senses, shot), EventKind.MOTION))


@both_backends
def test_keyframes_of_a_real_encoder_are_no_motion(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    quiet = films.through_codec(iter(shoot(6, duration_s=24, read_noise=4.0)), crf=30)
    assert times_of(watch(senses, quiet), EventKind.MOTION) == []


@both_backends
def test_motion_is_found_through_a_real_encoder(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = films.through_codec(iter(shoot(6, an_infant(14.0), 26, read_noise=3.0)), crf=30)
    found = times_of(watch(senses, shot), EventKind.MOTION)
    assert any(10 < on_s <= 11 for on_s in found)
    assert any(19 < on_s <= 20 for on_s in found)


@pytest.mark.parametrize("fps", [10.0, 15.0])
def test_other_frame_rates_see_the_same(fps, monkeypatch):
    senses = make_senses("opencv", monkeypatch)
    rng = np.random.default_rng(2)
    shot = rooms.film(rng, rooms.room(rng), an_infant(14.0), rooms.Camera(rng), 20, fps=fps)
    found = spans_of(watch(senses, shot), EventKind.MOTION)
    assert len(found) == 2
    assert 10 < found[0][0] <= 10.8
    assert found[0][1] is not None
    assert 14 < found[0][1] <= 16


@both_backends
@pytest.mark.parametrize("size_wh", [(240, 180), (136, 180), (321, 179)], ids=["4:3", "portrait", "odd"])
def test_other_shapes_of_pictures_see_the_same(backend, size_wh, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = shoot(2, an_infant(14.0), 20)
    if size_wh[0] > rooms.WIDTH_PX:
        shot = [(t_s, np.pad(gray, ((0, 0), (0, 1)), mode="edge")[: size_wh[1]]) for t_s, gray in shot]
    else:
        shot = list(sensors.cropped(iter(shot), *size_wh))
    found = spans_of(watch(senses, shot), EventKind.MOTION)
    assert len(found) == 2
    assert 10 < found[0][0] <= 11
    assert 19 < found[1][0] <= 20


@both_backends
def test_ignored_zones_and_overlays_are_masked(backend, monkeypatch):
    everything = Zone(name="curtain", kind="ignore", points_xy=((0.25, 0.3), (0.8, 0.3), (0.8, 1.0), (0.25, 1.0)))
    senses = make_senses(backend, monkeypatch, zones=(everything,))
    assert times_of(watch(senses, shoot(2, an_infant(), 16)), EventKind.MOTION) == []
    info = StreamInfo(
        size_wh=(320, 180),
        video_codec="h264",
        frame_rate_fps=5,
        audio_codec=None,
        audio_rate_hz=None,
        overlay_boxes_xyxy=((0.25, 0.3, 0.8, 1.0),),
    )
    senses = make_senses(backend, monkeypatch)
    senses.on_info(info)
    assert times_of(watch(senses, shoot(2, an_infant(), 16)), EventKind.MOTION) == []


@both_backends
def test_activity_rises_with_what_moves_and_falls_with_delay(backend, monkeypatch):
    small, large = make_senses(backend, monkeypatch), make_senses(backend, monkeypatch)
    levels = []
    for senses, size_px in ((small, 8.0), (large, 28.0)):
        watch(senses, shoot(2, an_infant(size_px), 12))
        levels.append(senses.reading(EPOCH_S + 12).activity_level)
    assert 0 < levels[0] < levels[1] <= 100
    assert large.reading(EPOCH_S + 12).activity in {Activity.MODERATE, Activity.ACTIVE}
    watch(large, shoot(2, an_infant(28.0), 12)[:1] + shoot(2, [], 12), 20)
    assert large.reading(EPOCH_S + 32).activity is Activity.STILL


@both_backends
def test_close_ends_what_is_on_and_every_frame_is_wanted_while_something_moves(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, shoot(2, an_infant(), 12))
    assert senses.wants_every_frame
    assert [(s.kind, s.active) for s in senses.close(EPOCH_S + 12.2) if s.kind is EventKind.MOTION] == [
        (EventKind.MOTION, False)
    ]
    assert senses.close(EPOCH_S + 12.4) == []
    assert not senses.reading(EPOCH_S + 12.4).motion


def test_backends_agree_on_every_operation():
    pytest.importorskip("cv2", reason="OpenCV cannot be installed here")
    ours, theirs = NumpyBackend(), choose_backend("opencv")
    rng = np.random.default_rng(1)
    picture = ours.half(shoot(1, duration_s=0.2)[0][1])
    gray = shoot(1, duration_s=0.2)[0][1]
    assert np.allclose(ours.half(gray), theirs.half(gray), atol=0.01)
    assert np.allclose(ours.half(gray[:-1, :-1]), theirs.half(gray[:-1, :-1]), atol=0.01)
    assert np.allclose(ours.cell_means(picture), theirs.cell_means(picture), atol=0.01)
    cells = ours.cell_means(picture)
    assert np.allclose(ours.smooth(cells), theirs.smooth(cells), atol=0.01)
    for shape in ((90, 160), (91, 161), (88, 163)):
        grown = [
            backend.enlarge(cells[:, : shape[1] // 4], np.full(shape, 999, np.float32)) for backend in (ours, theirs)
        ]
        assert np.allclose(grown[0], grown[1], atol=0.01)
    blended = [picture.copy(), picture.copy()]
    for backend, kept in zip((ours, theirs), blended, strict=True):
        backend.blend(kept, picture[::-1].copy(), 0.05)
    assert np.allclose(blended[0], 0.95 * picture + 0.05 * picture[::-1], atol=0.01)
    assert np.allclose(blended[0], blended[1], atol=0.01)
    # What the numpy one does line by line holds at the edges, too.
    padded = np.pad(picture, 1, mode="edge")
    lowest = np.min([padded[y : y + picture.shape[0], x : x + picture.shape[1]] for y in range(3) for x in range(3)], 0)
    assert np.array_equal(ours.reach(picture)[0], lowest - picture)
    for mine, other in zip(ours.reach(picture), theirs.reach(picture), strict=True):
        assert np.array_equal(mine, other)
    error = picture - ours.shift(picture, 0.4, -0.3)
    assert np.allclose(ours.powers(error), theirs.powers(error), atol=0.01)
    for dx, dy in [(0.0, 0.0), (2.0, -1.0), (0.5, 0.25), *rng.uniform(-4, 4, (4, 2))]:
        moved = ours.shift(picture, dx, dy)
        assert np.allclose(moved[6:-6, 6:-6], theirs.shift(picture, dx, dy)[6:-6, 6:-6], atol=0.01)
        found = [backend.translation(picture, moved)[:2] for backend in (ours, theirs)]
        assert np.allclose(found, [(dx, dy), (dx, dy)], atol=0.35)


def test_backend_choice_by_environment_setting_and_what_is_installed(monkeypatch):
    monkeypatch.setenv("CRADLEWATCH_VISION", "numpy")
    assert choose_backend("opencv").name == "numpy"
    monkeypatch.setenv("CRADLEWATCH_VISION", "quick")
    with pytest.raises(ValueError, match="auto, opencv or numpy"):
        choose_backend()
    monkeypatch.delenv("CRADLEWATCH_VISION")
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    assert choose_backend("auto").name == "numpy"
    with pytest.raises(ImportError):
        choose_backend("opencv")


@both_backends
def test_another_stream_of_the_same_camera_is_no_motion(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    senses = make_senses(backend, monkeypatch)

    def told(width: int, height: int) -> StreamInfo:
        return StreamInfo(
            size_wh=(width, height), video_codec="h264", frame_rate_fps=30, audio_codec=None, audio_rate_hz=None
        )

    senses.on_info(told(1920, 1080))
    signals = watch(senses, shoot(read_noise=1.0, duration_s=20))
    # The light stream of a camera: the same view, strongly compressed.
    senses.on_info(told(640, 360))
    signals += watch(senses, films.through_codec(iter(shoot(read_noise=3.0, duration_s=20)), crf=36), 20.2)
    senses.on_info(told(1920, 1080))
    signals += watch(senses, shoot(read_noise=1.0, duration_s=20), 40.4)
    assert signals == []


@both_backends
def test_movement_before_a_background_that_is_copied_bit_by_bit(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that takes its own noise out, and a coder that skips what is still: nothing else changes at all."""
    senses = make_senses(backend, monkeypatch)
    room = np.kron(np.random.default_rng(7).integers(60, 120, (23, 40), dtype=np.uint8), np.ones((8, 8), np.uint8))
    dice = np.random.default_rng(8)
    signals = []
    for index in range(60):
        gray = np.ascontiguousarray(room[:180])
        if index >= 30:
            x, y = dice.integers(0, 280), dice.integers(0, 140)
            gray[y : y + 40, x : x + 40] = 220
        signals += senses.on_frame(Frame(gray=gray, at_s=EPOCH_S + index / 5, index=index))
    started = [signal.at_s - EPOCH_S for signal in signals if signal.kind is EventKind.MOTION and signal.active]
    assert started
    assert 5.9 < started[0] < 7
