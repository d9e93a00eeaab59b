"""Which clips are kept, and when nothing more is recorded."""

import os
from pathlib import Path

import pytest

from custom_components.cradlewatch.engine.clip_shelf import ClipShelf
from custom_components.cradlewatch.engine.kept_files import Clocks
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


@pytest.mark.parametrize(
    "set_by_s", [3600, -3600, 365 * DAY_S, -365 * DAY_S], ids=["hour", "back", "year", "year-back"]
)
def test_a_clock_that_is_set_makes_no_clip_older_or_younger(tmp_path: Path, set_by_s: float) -> None:
    """Kept for three days, one a day; the clock is wrong for half a day in between, and a clip is made meanwhile."""
    shelf, settings = ClipShelf(tmp_path), ClipSettings(keep_days=3.25)
    for index in range(4):
        put(tmp_path, f"clip{index}.mp4", 100, age_days=index)
    running_s = 5000.0
    assert shelf.prune(settings, (), NOW_S, running_s) == 0
    wrong_s = NOW_S + 60 + set_by_s
    (tmp_path / "made.mp4").write_bytes(b"x" * 100)
    os.utime(tmp_path / "made.mp4", (wrong_s - 5,) * 2)
    assert shelf.prune(settings, (), wrong_s, running_s + 60) == 0
    # By bytes it is the oldest that goes, whatever the clock was when.
    assert shelf.prune(ClipSettings(keep_bytes=400), (), wrong_s + 1, running_s + 61) == 1
    assert names(tmp_path) == {"made.mp4", "clip0.mp4", "clip1.mp4", "clip2.mp4"}
    # Right again after half a day: who was two days old is two and a half.
    half_s = DAY_S / 2
    assert shelf.prune(settings, (), NOW_S + half_s, running_s + half_s) == 0
    ages = {path.stem: (NOW_S + half_s - path.stat().st_mtime) / DAY_S for path in tmp_path.iterdir()}
    # An hour's doubt about what was written since the look before.
    assert ages == pytest.approx({"made": 0.5, "clip0": 0.5, "clip1": 1.5, "clip2": 2.5}, abs=0.05)
    assert shelf.prune(settings, (), NOW_S + 2 * half_s, running_s + 2 * half_s) == 0
    assert shelf.prune(settings, (), NOW_S + 3 * half_s, running_s + 3 * half_s) == 1
    assert "clip2.mp4" not in names(tmp_path)


def test_clips_of_a_clock_that_was_ahead_age_from_now_on_in_their_order(tmp_path: Path) -> None:
    for index in range(3):
        put(tmp_path, f"ahead{index}.mp4", 100, age_days=-400 + index)
    shelf = ClipShelf(tmp_path)
    assert shelf.prune(ClipSettings(keep_days=3), (), NOW_S, 0.0) == 0
    assert shelf.prune(ClipSettings(keep_days=3, keep_bytes=200), (), NOW_S, 0.0) == 1
    assert names(tmp_path) == {"ahead0.mp4", "ahead1.mp4"}
    assert shelf.prune(ClipSettings(keep_days=3), (), NOW_S + 4 * DAY_S, 4 * DAY_S) == 2


def test_a_clip_begun_after_the_list_of_those_in_work_was_made_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    """The list is made on the event loop, the look happens later in a thread: an incident may begin in between."""
    put(tmp_path, "crashed.mp4.part", 400, age_days=0.001)
    shelf = ClipShelf(tmp_path, Clocks(wall_s=NOW_S - 60, running_s=5000.0))
    put(tmp_path, "begun.mp4.part", 400, age_days=0)
    assert shelf.prune(ClipSettings(), (), NOW_S, 5060.0) == 1
    assert names(tmp_path) == {"begun.mp4.part"}
    # But nothing is in work for hours.
    assert shelf.prune(ClipSettings(), (), NOW_S + 2 * 3600, 5060.0 + 2 * 3600) == 1


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
