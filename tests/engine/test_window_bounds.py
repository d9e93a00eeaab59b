"""Window boundaries on every odd clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.cradlewatch.engine.windows.bounds import (
    Window,
    WindowClock,
    window_after,
    window_at,
    windows_between,
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(window: Window, tz: ZoneInfo) -> str:
    start, end = window.start_at.astimezone(tz), window.end_at.astimezone(tz)
    return f"{start:%m-%d %H:%M:%S%z} {end:%H:%M:%S%z}"


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        # Plain, the first and the last instant
        ("UTC", "2026-11-24 12:00:00", "11-24 12:00:00+0000 12:10:00+0000"),
        ("UTC", "2026-11-24 12:09:59.999999", "11-24 12:00:00+0000 12:10:00+0000"),
        ("Asia/Seoul", "2026-11-24 03:05:00", "11-24 12:00:00+0900 12:10:00+0900"),
        ("Asia/Kolkata", "2026-11-24 06:31:00", "11-24 12:00:00+0530 12:10:00+0530"),
        # Quarter hours: UTC's own ten minutes are not the local ones
        ("Asia/Kathmandu", "2026-11-24 06:16:00", "11-24 12:00:00+0545 12:10:00+0545"),
        ("Asia/Kathmandu", "2026-11-24 06:14:59", "11-24 11:50:00+0545 12:00:00+0545"),
        ("Pacific/Chatham", "2026-06-24 00:00:00", "06-24 12:40:00+1245 12:50:00+1245"),
        # Midnight, new year, leap day and the day after it, years without one
        ("Europe/Berlin", "2026-11-24 22:59:59", "11-24 23:50:00+0100 00:00:00+0100"),
        ("Europe/Berlin", "2026-11-24 23:00:00", "11-25 00:00:00+0100 00:10:00+0100"),
        ("America/New_York", "2027-01-01 04:59:00", "12-31 23:50:00-0500 00:00:00-0500"),
        ("UTC", "2028-02-28 23:59:59", "02-28 23:50:00+0000 00:00:00+0000"),
        ("UTC", "2028-02-29 00:00:00", "02-29 00:00:00+0000 00:10:00+0000"),
        ("UTC", "2028-02-29 23:55:00", "02-29 23:50:00+0000 00:00:00+0000"),
        ("UTC", "2100-02-28 23:55:00", "02-28 23:50:00+0000 00:00:00+0000"),
        ("UTC", "2100-03-01 00:00:00", "03-01 00:00:00+0000 00:10:00+0000"),
        # Summer time begins: 02:00 does not exist
        ("Europe/Berlin", "2026-03-29 00:59:59", "03-29 01:50:00+0100 03:00:00+0200"),
        ("Europe/Berlin", "2026-03-29 01:00:00", "03-29 03:00:00+0200 03:10:00+0200"),
        ("America/New_York", "2026-03-08 06:55:00", "03-08 01:50:00-0500 03:00:00-0400"),
        # Summer time ends: 02:00 to 03:00 twice
        ("Europe/Berlin", "2026-10-25 00:55:00", "10-25 02:50:00+0200 02:00:00+0100"),
        ("Europe/Berlin", "2026-10-25 01:00:00", "10-25 02:00:00+0100 02:10:00+0100"),
        ("Europe/Berlin", "2026-10-25 00:00:00", "10-25 02:00:00+0200 02:10:00+0200"),
        ("America/New_York", "2026-11-01 05:59:00", "11-01 01:50:00-0400 01:00:00-0500"),
        # Half an hour of summer time
        ("Australia/Lord_Howe", "2026-10-03 15:25:00", "10-04 01:50:00+1030 02:30:00+1100"),
        ("Australia/Lord_Howe", "2026-10-03 15:30:00", "10-04 02:30:00+1100 02:40:00+1100"),
        # A change that is no multiple of ten minutes: Nepal, 1986, +5:30 to +5:45 at midnight
        ("Asia/Kathmandu", "1985-12-31 18:29:59", "12-31 23:50:00+0530 00:15:00+0545"),
        ("Asia/Kathmandu", "1985-12-31 18:31:00", "01-01 00:15:00+0545 00:20:00+0545"),
        ("Asia/Kathmandu", "1985-12-31 18:35:00", "01-01 00:20:00+0545 00:30:00+0545"),
    ],
)  # fmt: skip
def test_table(zone: str, at: str, expected: str) -> None:
    tz = ZoneInfo(zone)
    window = window_at(utc(at), tz)
    assert local(window, tz) == expected
    assert window.start_at <= utc(at) < window.end_at
    assert window.start_at.tzinfo is UTC


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"])
def test_a_year_has_no_gap_and_no_overlap(zone: str) -> None:
    tz = ZoneInfo(zone)
    window = window_at(utc("2026-01-01 00:00:00"), tz)
    first = window.start_at
    for _ in range(60 * 24 * 365 // 10):
        following = window_after(window, tz)
        assert following.start_at == window.end_at
        assert following.length_s == 600
        assert following.start_at.astimezone(tz).minute % 10 == 0
        window = following
    assert window.start_at - first == timedelta(days=365)


@pytest.mark.parametrize(
    ("day", "count"), [("2026-03-29", 138), ("2026-10-25", 150), ("2026-10-26", 144), ("2028-02-29", 144)]
)
def test_windows_of_a_local_day(day: str, count: int) -> None:
    tz = ZoneInfo("Europe/Berlin")
    start = datetime.fromisoformat(day).replace(tzinfo=tz)
    end = (start + timedelta(days=1)).replace(tzinfo=tz)
    found = windows_between(start, end, tz, limit=1000)
    assert len(found) == count
    assert len({window.name for window in found}) == count


def test_windows_between_are_whole_and_bounded() -> None:
    tz = ZoneInfo("UTC")
    found = windows_between(utc("2026-01-01 00:05:00"), utc("2026-01-01 00:35:00"), tz, limit=9)
    assert [window.name for window in found] == ["20260101T001000Z", "20260101T002000Z"]
    found = windows_between(utc("2000-01-01 00:00:00"), utc("2026-01-01 00:00:00"), tz, limit=3)
    assert [window.name for window in found] == ["20251231T233000Z", "20251231T234000Z", "20251231T235000Z"]


class Clocks:
    """Wall and monotonic clock of a machine."""

    def __init__(self, at: str, zone: str = "UTC", **more: object) -> None:
        self.at, self.s = utc(at), 1000.0
        self.clock = WindowClock(ZoneInfo(zone), **more)  # type: ignore[arg-type]
        self.clock.advance(self.at, self.s)

    def run(self, seconds: float, *, step_s: float = 1.0) -> list[str]:
        left: list[str] = []
        for _ in range(round(seconds / step_s)):
            self.at += timedelta(seconds=step_s)
            self.s += step_s
            left += self._advance()
        return left

    def set_clock(self, by_s: float) -> list[str]:
        self.at += timedelta(seconds=by_s)
        return self._advance()

    def _advance(self) -> list[str]:
        return [f"{it.window.name}{' cut' if it.cut else ''}" for it in self.clock.advance(self.at, self.s)]

    @property
    def current(self) -> str:
        assert self.clock.current is not None
        return self.clock.current.name


def test_clock_runs_from_window_to_window() -> None:
    clocks = Clocks("2026-11-24 11:55:00")
    assert clocks.run(299) == []
    assert clocks.run(1) == ["20261124T115000Z"]
    assert clocks.run(1200) == ["20261124T120000Z", "20261124T121000Z"]
    assert clocks.current == "20261124T122000Z"


def test_clock_set_back_by_20_minutes_repeats_windows_under_their_own_names() -> None:
    clocks = Clocks("2026-11-24 12:00:00")
    clocks.run(1500)
    assert clocks.current == "20261124T122000Z"
    assert clocks.set_clock(-1200) == ["20261124T122000Z cut"]
    assert clocks.current == "20261124T120000Z-r1"
    assert clocks.run(1800) == ["20261124T120000Z-r1", "20261124T121000Z-r1", "20261124T122000Z-r1"]
    assert clocks.current == "20261124T123000Z"


def test_clock_set_forward_cuts_the_window() -> None:
    clocks = Clocks("2026-11-24 12:05:00")
    assert clocks.set_clock(5 * 3600) == ["20261124T120000Z cut"]
    assert clocks.current == "20261124T170000Z"


@pytest.mark.parametrize("by_s", [-3, -0.004, 0.004, 3])
def test_small_corrections_are_followed_and_never_split_a_window(by_s: float) -> None:
    clocks = Clocks("2026-11-24 11:55:00")
    assert clocks.run(300) == ["20261124T115000Z"]
    assert clocks.set_clock(by_s) == []
    assert clocks.run(590) == []
    assert clocks.run(20) == ["20261124T120000Z"]


def test_slow_slew_over_hours_splits_nothing() -> None:
    clocks = Clocks("2026-11-24 12:00:00")
    left: list[str] = []
    for _ in range(3 * 3600):
        clocks.at -= timedelta(milliseconds=5)
        left += clocks.run(1)
    assert left == sorted(set(left))
    assert not any("cut" in name or "-r" in name for name in left)


def test_stop_of_the_whole_process_names_every_window_it_slept_through() -> None:
    clocks = Clocks("2026-11-24 12:00:30")
    assert clocks.run(1800, step_s=1800) == ["20261124T120000Z", "20261124T121000Z", "20261124T122000Z"]


def test_dst_change_runs_on() -> None:
    clocks = Clocks("2026-10-25 00:30:00", "Europe/Berlin")
    left = clocks.run(2 * 3600, step_s=5)
    assert len(left) == len(set(left)) == 12
    assert not any("cut" in name or "-r" in name for name in left)


def test_restart_knows_what_was_lived_already() -> None:
    clocks = Clocks("2026-11-24 12:03:00", lived={utc("2026-11-24 12:00:00"): 0})
    assert clocks.current == "20261124T120000Z-r1"
