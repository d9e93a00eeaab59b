"""A clip over several windows, the running one included."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.cradlewatch.engine.windows import period as period_module
from custom_components.cradlewatch.engine.windows.bounds import Window
from custom_components.cradlewatch.engine.windows.clip import begin_clip, finish_clip, unfinished
from custom_components.cradlewatch.engine.windows.period import clip_of_period
from tests.engine.test_window_clip import about, levels, picture

T0 = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WINDOWS = [
    Window(start_at=T0 + timedelta(minutes=10 * number), end_at=T0 + timedelta(minutes=10 * number + 10))
    for number in range(4)
]


def record(
    folder: Path, window: Window, level: int, *, size: tuple[int, int] = (640, 360), finish: bool = True
) -> object:
    writer = begin_clip(folder, window.name, size, mp4=True)
    for number in range(3):
        writer.write(picture(level, *size), 100 + number)
    if finish:
        writer.close()
        finish_clip(folder, window.name)
    return writer


def test_joined_with_true_times_and_the_running_window(tmp_path: Path) -> None:
    record(tmp_path, WINDOWS[0], 50)
    record(tmp_path, WINDOWS[2], 120)
    running = record(tmp_path, WINDOWS[3], 200, finish=False)
    found = clip_of_period(tmp_path, WINDOWS, "period")
    assert found is not None
    assert found.windows == (WINDOWS[0], WINDOWS[2], WINDOWS[3])
    assert found.left_out == 1
    times = found.clip.time_map.offsets_s
    # The newest frame of the running window may still be in the writer's hands.
    assert times[:8] == (100, 101, 102, 1300, 1301, 1302, 1900, 1901)
    assert levels(found.clip.path) == about([50, 50, 50, 120, 120, 120, 200, 200, 200][: len(times)])
    assert unfinished(tmp_path) == (WINDOWS[3].name,)
    running.close()  # type: ignore[attr-defined]
    clip = finish_clip(tmp_path, WINDOWS[3].name)
    assert clip is not None
    assert len(clip.time_map.offsets_s) == 3


def test_nothing_on_disk(tmp_path: Path) -> None:
    assert clip_of_period(tmp_path, WINDOWS, "period") is None


def test_other_size_and_too_many_bytes_leave_out_the_older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path, WINDOWS[0], 50, size=(320, 180))
    for window in WINDOWS[1:]:
        record(tmp_path, window, 90)
    found = clip_of_period(tmp_path, WINDOWS, "period")
    assert found is not None
    assert found.windows == tuple(WINDOWS[1:])
    monkeypatch.setattr(period_module, "MAX_BYTES", round(found.clip.size_bytes * 0.9))
    found = clip_of_period(tmp_path, WINDOWS, "period")
    assert found is not None
    assert found.windows[-1] == WINDOWS[3]
    assert found.left_out >= 2
