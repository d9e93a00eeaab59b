"""Packets come but no picture: what is not seen is neither still nor calm."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import AudioBlock
from tests.engine.senses_help import EPOCH_S, make_senses, shoot, watch


def test_frames_that_stop_are_not_stillness(monkeypatch: pytest.MonkeyPatch) -> None:
    senses = make_senses("numpy", monkeypatch)
    assert not senses.reading(EPOCH_S).visible
    watch(senses, shoot(duration_s=20))
    assert senses.reading(EPOCH_S + 21).visible

    # Sound goes on, and so do the readings.
    at_s = EPOCH_S + 60
    senses.on_audio(AudioBlock(samples=np.zeros(1600, np.float32), rate_hz=16_000, at_s=at_s))
    reading = senses.reading(at_s)
    assert not reading.visible
    assert not reading.motion
    assert reading.occupancy is None
    assert reading.micro_motion is None
