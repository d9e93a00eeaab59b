"""Which clips are kept, and when nothing more is recorded."""

import os
from pathlib import Path

import pytest

from custom_components.cradlewatch.engine.clip_shelf import ClipShelf
from custom_components.cradlewatch.engine.settings import ClipSettings
from tests.disks import small_disk

DAY_S = 86_400
NOW_S = 2_000_000_000


def put(folder: Path, name: str, size: int, age_days: float) -> None:
    path = folder / name
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW_S - age_days * DAY_S,) * 2)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_too_old_goes_first_the_rest_by_bytes_oldest_first(tmp_path: Path) -> None:
    for index in range(5):
        put(tmp_path, f"clip{index}.mp4", 100, age_days=index)
    shelf = ClipShelf(tmp_path)
    assert shelf.prune(ClipSettings(keep_days=3.5, keep_bytes=1000), (), NOW_S) == 1
    assert names(tmp_path) == {"clip0.mp4", "clip1.mp4", "clip2.mp4", "clip3.mp4"}
    assert shelf.prune(ClipSettings(keep_days=3.5, keep_bytes=250), (), NOW_S) == 2
    assert names(tmp_path) == {"clip0.mp4", "clip1.mp4"}


def test_a_large_one_does_not_leave_older_ones_standing(tmp_path: Path) -> None:
    put(tmp_path, "new.mp4", 100, 0)
    put(tmp_path, "large.mp4", 1000, 1)
    put(tmp_path, "old.mp4", 10, 2)
    ClipShelf(tmp_path).prune(ClipSettings(keep_bytes=500), (), NOW_S)
    assert names(tmp_path) == {"new.mp4"}


def test_what_is_being_written_is_never_touched_and_counts(tmp_path: Path) -> None:
    put(tmp_path, "writing.mp4.part", 400, 0)
    put(tmp_path, "crashed.mp4.part", 400, 0)
    put(tmp_path, "kept.mp4", 400, 1)
    put(tmp_path, "older.mp4", 400, 2)
    put(tmp_path, "notes.txt", 400, 90)
    assert ClipShelf(tmp_path).prune(ClipSettings(keep_bytes=900), {"writing"}, NOW_S) == 2
    assert names(tmp_path) == {"writing.mp4.part", "kept.mp4", "notes.txt"}
    ClipShelf(tmp_path).prune(ClipSettings(keep_bytes=0, keep_days=0), {"writing", "kept"}, NOW_S)
    assert names(tmp_path) == {"writing.mp4.part", "kept.mp4", "notes.txt"}


def test_no_folder_is_nothing_to_prune(tmp_path: Path) -> None:
    assert ClipShelf(tmp_path / "none").prune(ClipSettings(), ()) == 0


def test_room_is_back_at_twice_the_reserve_only(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        shelf = ClipShelf(disk / "clips")
        settings = ClipSettings(reserve_bytes=1 << 20)
        assert shelf.has_room(settings)
        filler = disk / "filler"
        filler.write_bytes(b"x" * int(3.5 * 2**20))
        assert not shelf.has_room(settings)
        filler.write_bytes(b"x" * int(2.5 * 2**20))
        assert not shelf.has_room(settings), "1.5 MB are free: it would be full again at once"
        filler.write_bytes(b"x" * 2**20)
        assert shelf.has_room(settings)


def test_the_folder_is_for_our_eyes_only(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "clips"
    assert ClipShelf(folder).has_room(ClipSettings(reserve_bytes=0))
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("settings", [{"pre_s": -1}, {"post_s": 500}, {"keep_days": -1}])
def test_settings_are_checked(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be between"):
        ClipSettings(**settings)  # type: ignore[arg-type]
