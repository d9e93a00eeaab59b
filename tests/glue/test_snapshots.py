"""Pictures of incidents on disk: the newest within number, bytes and days, readable for nobody else."""

import os
from pathlib import Path
import time

import pytest

from custom_components.cradlewatch import snapshots
from custom_components.cradlewatch.engine.kept_files import Clocks
from custom_components.cradlewatch.snapshots import SnapshotShelf

DAY_S = 86_400


def put(folder: Path, name: str, size: int, age_days: float) -> None:
    (folder / f"{name}.jpg").write_bytes(b"x" * size)
    os.utime(folder / f"{name}.jpg", (time.time() - age_days * DAY_S,) * 2)


def names(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()}


def test_too_old_ones_go_with_the_next_picture(tmp_path: Path) -> None:
    for age_days in (1, 13, 15, 400):
        put(tmp_path, f"days{age_days}", 10, age_days)
    path = SnapshotShelf(tmp_path).save("new", b"jpeg")
    assert names(tmp_path) == {"new", "days1", "days13"}
    assert path.read_bytes() == b"jpeg"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("limit", "value"), [("_KEPT_MAX", 3), ("_KEPT_BYTES", 250)])
def test_beyond_number_or_bytes_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(snapshots, limit, value)
    for age_days in range(1, 6):
        put(tmp_path, f"days{age_days}", 100, age_days)
    SnapshotShelf(tmp_path).save("new", b"x" * 40)
    assert names(tmp_path) == {"new", "days1", "days2"}


@pytest.mark.parametrize("set_by_days", [15, -15, 400])
def test_a_clock_that_is_set_erases_no_picture(tmp_path: Path, set_by_days: float) -> None:
    """The shelf is made, the clock is set, the next picture is kept: all within a minute."""
    for age_days in (1, 5, 13.9):
        put(tmp_path, f"days{age_days}", 10, age_days)
    now = Clocks.now()
    shelf = SnapshotShelf(tmp_path, now)
    wrong = Clocks(wall_s=now.wall_s + set_by_days * DAY_S, running_s=now.running_s + 60)
    assert shelf.prune(wrong) == 0
    assert names(tmp_path) == {"days1", "days5", "days13.9"}
    ages = {path.name: (wrong.wall_s - path.stat().st_mtime) / DAY_S for path in tmp_path.iterdir()}
    assert ages == pytest.approx({"days1.jpg": 1, "days5.jpg": 5, "days13.9.jpg": 13.9}, abs=0.01)
    # And right again: as old as they are.
    half_a_day = Clocks(wall_s=now.wall_s + DAY_S / 2, running_s=now.running_s + DAY_S / 2)
    assert shelf.prune(half_a_day) == 1
    assert names(tmp_path) == {"days1", "days5"}


def test_what_a_crash_left_half_written_goes_and_a_picture_in_work_stays(tmp_path: Path) -> None:
    (tmp_path / ".crashed.new").write_bytes(b"half")
    os.utime(tmp_path / ".crashed.new", (time.time() - 60,) * 2)
    shelf = SnapshotShelf(tmp_path)
    (tmp_path / ".in_work.new").write_bytes(b"half")
    shelf.save("new", b"jpeg")
    assert {path.name for path in tmp_path.iterdir()} == {".in_work.new", "new.jpg"}
