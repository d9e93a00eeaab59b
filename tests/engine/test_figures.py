"""The lag of the newest frame, against the plain way of finding it."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.figures import LagMeter


@pytest.mark.parametrize("seed", range(4))
def test_the_newest_lag_is_that_above_the_lowest_of_the_last_ninety_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    meter = LagMeter()
    offsets: list[float] = []
    assert meter.newest_lag_s() == 0.0
    for index in range(400):
        if index == 250:
            meter.clear()
            offsets.clear()
            assert meter.newest_lag_s() == 0.0
        timeline_s = 3600 + index / 30
        # The network's jitter, a clock that drifts, and now and then the same offset twice.
        offset_s = round(0.02 * rng.random() + 0.0001 * index, 3)
        offsets.append(timeline_s + offset_s - timeline_s)
        meter.add(timeline_s, timeline_s + offset_s)
        assert meter.newest_lag_s() == pytest.approx(offsets[-1] - min(offsets[-90:]), abs=1e-9)
