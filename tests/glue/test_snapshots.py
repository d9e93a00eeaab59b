"""Pictures of incidents on disk: the newest within number, bytes and days, readable for nobody else."""

import os
from pathlib import Path
import time

import pytest

from custom_components.cradlewatch import snapshots
from custom_components.cradlewatch.snapshots import save_snapshot

DAY_S = 86_400


def put(folder: Path, name: str, size: int, age_days: float) -> None:
    (folder / f"{name}.jpg").write_bytes(b"x" * size)
    os.utime(folder / f"{name}.jpg", (time.time() - age_days * DAY_S,) * 2)


def names(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()}


def test_too_old_ones_go_with_the_next_picture(tmp_path: Path) -> None:
    for age_days in (1, 13, 15, 400):
        put(tmp_path, f"days{age_days}", 10, age_days)
    path = save_snapshot(tmp_path, "new", b"jpeg")
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
    save_snapshot(tmp_path, "new", b"x" * 40)
    assert names(tmp_path) == {"new", "days1", "days2"}
