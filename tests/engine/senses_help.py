"""What the tests of the senses share: both backends, and footage run through them."""

from collections.abc import Iterable

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import EventKind, Frame, Signal
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings
from tests.corpus import rooms

BACKENDS = ("numpy", "opencv")
EPOCH_S = 1000.0

both_backends = pytest.mark.parametrize("backend", BACKENDS)


def make_senses(backend: str, monkeypatch: pytest.MonkeyPatch, **settings: object) -> NurserySenses:
    """Senses with this backend; for numpy OpenCV cannot even be imported."""
    monkeypatch.delenv("CRADLEWATCH_VISION", raising=False)
    if backend == "numpy":
        monkeypatch.setitem(__import__("sys").modules, "cv2", None)
        return NurserySenses(SenseSettings(**settings))
    pytest.importorskip("cv2", reason="OpenCV cannot be installed here")
    return NurserySenses(SenseSettings(vision_backend="opencv", **settings))


def watch(senses: NurserySenses, shot: Iterable[tuple[float, np.ndarray]], offset_s: float = 0.0) -> list[Signal]:
    """All signals of a shot whose first frame is at EPOCH_S + offset_s."""
    signals: list[Signal] = []
    for index, (t_s, gray) in enumerate(shot):
        signals += senses.on_frame(Frame(gray=gray, at_s=EPOCH_S + offset_s + t_s, index=index))
    return signals


def spans_of(signals: Iterable[Signal], kind: EventKind) -> list[tuple[float, float | None]]:
    """(on, off) in seconds of the shot; off None while it is on."""
    found: list[tuple[float, float | None]] = []
    for signal in signals:
        at_s = round(signal.at_s - EPOCH_S, 2)
        if signal.kind is not kind:
            continue
        if signal.active:
            found.append((at_s, None))
        else:
            found[-1] = (found[-1][0], at_s)
    return found


def times_of(signals: Iterable[Signal], kind: EventKind) -> list[float]:
    """When signals of a kind went on, in seconds of the shot."""
    return [round(signal.at_s - EPOCH_S, 2) for signal in signals if signal.kind is kind and signal.active]


def shoot(
    seed: int = 1, bodies: list[rooms.Body] | None = None, duration_s: float = 25, **camera: object
) -> list[tuple[float, np.ndarray]]:
    """Frames of a drawn room."""
    rng = np.random.default_rng(seed)
    return list(rooms.film(rng, rooms.room(rng), bodies or [], rooms.Camera(rng, **camera), duration_s))
