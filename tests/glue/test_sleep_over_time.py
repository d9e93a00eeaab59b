"""Sleep over a restart, over the nights on which the clocks are changed, and over a change of the time zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.cradlewatch.engine.models import Reading
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.monitor import CribMonitor
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.glue.test_sleep_actions import act
from tests.glue.warp import Warp

STEP_S = 4.0


pytestmark = pytest.mark.usefixtures("own_folder")


class Child:
    """What the senses see, whatever the camera shows; the thread, the bridge and the home are real."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.moves = False
        patch.setattr(NurserySenses, "reading", lambda _senses, at_s: self.seen(at_s))

    def seen(self, at_s: float) -> Reading:
        return Reading(at_s=at_s, motion=self.moves, occupancy=True, visible=True)


async def passes(warp: Warp, monitor: CribMonitor, seconds: float) -> None:
    """So much time, in steps; after each a fresh reading has come through."""
    for _ in range(int(seconds / STEP_S)):
        warp.put_forward(STEP_S)
        after_s = time.monotonic() - 1.0

        def fresh(limit_s: float = after_s) -> bool:
            reading = monitor.insight._reading
            return reading is not None and reading.at_s >= limit_s

        await until(fresh, "a reading")


async def test_a_restart_in_an_observed_sleep_goes_on_with_it(
    hass: HomeAssistant, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warp, child = Warp(monkeypatch, datetime(2026, 11, 20, 21, 0, tzinfo=UTC)), Child(monkeypatch)
    events = async_capture_events(hass, "cradlewatch_event")

    def told(kind: str) -> int:
        return len({event.data["event_id"] for event in events if event.data["type"] == kind})

    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    child.moves = True
    await passes(warp, monitor, 80)
    assert crib_state(hass, monitor, "sensor", "sleep").state == "awake"
    child.moves = False
    await passes(warp, monitor, 160)
    assert crib_state(hass, monitor, "sensor", "sleep").state == "asleep"
    assert told("fell_asleep") == 1
    (before,) = monitor.insight.sessions

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    warp.put_forward(180)
    again = crib_of(entry)
    await live(hass, again)
    await passes(warp, again, 160)
    assert crib_state(hass, again, "sensor", "sleep").state == "asleep"
    (after,) = again.insight.sessions
    assert (after.start_at, after.asleep_since_at, after.wakings) == (before.start_at, before.asleep_since_at, 0)
    assert (told("fell_asleep"), told("woke_up")) == (1, 0)

    child.moves = True
    await passes(warp, again, 60)
    assert crib_state(hass, again, "sensor", "sleep").state == "awake"
    assert (told("fell_asleep"), told("woke_up")) == (1, 1)
    await leave(hass, entry)


@pytest.mark.parametrize(
    ("morning", "slept", "since_midnight"),
    [
        # 24 to 25 October: from 22:00 to 06:30 with an hour twice.
        (datetime(2026, 10, 25, 6, 0, tzinfo=UTC), timedelta(hours=9.5), timedelta(hours=7.5)),
        # 27 to 28 March: an hour is left out.
        (datetime(2027, 3, 28, 5, 0, tzinfo=UTC), timedelta(hours=7.5), timedelta(hours=5.5)),
        (datetime(2027, 2, 10, 6, 0, tzinfo=UTC), timedelta(hours=8.5), timedelta(hours=6.5)),
    ],
    ids=["to winter", "to summer", "no change"],
)
async def test_the_night_on_which_the_clocks_are_changed(
    hass: HomeAssistant,
    video: Path,
    monkeypatch: pytest.MonkeyPatch,
    morning: datetime,
    slept: timedelta,
    since_midnight: timedelta,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    Warp(monkeypatch, morning)
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    today = dt_util.as_local(morning).date()
    evening = f"{today - timedelta(days=1)} 22:00:00"
    await act(hass, "correct_sleep", state="asleep", since=evening)
    answer = await act(hass, "correct_sleep", state="awake", since=f"{today} 06:30:00")
    assert answer["sleep_minutes"] == since_midnight.total_seconds() / 60
    shown = crib_state(hass, monitor, "sensor", "sleep_today")
    assert float(shown.state) * 60 == pytest.approx(since_midnight.total_seconds() / 60, abs=1)
    night = await act(hass, "sleep_summary", start=f"{today - timedelta(days=1)} 18:00:00")
    assert night["sleep_minutes"] == night["longest_minutes"] == slept.total_seconds() / 60
    (session,) = night["sessions"]
    assert session["wakings"] == 0
    assert monitor.insight.sessions[0].asleep(dt_util.utcnow()) == slept
    # In a restart times are kept with their zone.
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    again = await act(hass, "sleep_summary", start=f"{today - timedelta(days=1)} 18:00:00")
    assert again["sleep_minutes"] == night["sleep_minutes"]
    await leave(hass, entry)


async def test_a_change_of_the_time_zone_moves_midnight_not_the_sleep(
    hass: HomeAssistant, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A family flies from Berlin to New York in the night: what was slept stays, what counts as today changes."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    Warp(monkeypatch, datetime(2027, 2, 10, 12, 0, tzinfo=UTC))
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await act(hass, "correct_sleep", state="asleep", since="2027-02-10T03:00:00+00:00")
    await act(hass, "correct_sleep", state="awake", since="2027-02-10T07:00:00+00:00")
    period = {"start": "2027-02-09T18:00:00+00:00"}

    def shown_minutes() -> int:
        return round(float(crib_state(hass, monitor, "sensor", "sleep_today").state) * 60)

    await until(lambda: shown_minutes() == 240, "all of it today in Berlin")
    await hass.config.async_update(time_zone="America/New_York")
    # Midnight there is at 05:00 UTC: two hours of it were yesterday.
    await until(lambda: shown_minutes() == 120, "the new day's part")
    assert (await act(hass, "sleep_summary", **period))["sleep_minutes"] == 240
    (session,) = monitor.insight.sessions
    assert session.start_at == datetime(2027, 2, 10, 3, 0, tzinfo=UTC)
    await leave(hass, entry)


async def test_a_stage_is_told_once_though_its_day_begins_twice(
    hass: HomeAssistant, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At midnight of the night with the hour more; then the time zone is changed, and the day begins once more."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    warp = Warp(monkeypatch, datetime(2026, 10, 24, 21, 59, 40, tzinfo=UTC))
    events = async_capture_events(hass, "cradlewatch_event")

    def stages() -> list[dict[str, Any]]:
        return [
            event.data for event in events if event.data["type"] == "stage_changed" and event.data["phase"] == "opened"
        ]

    entry: MockConfigEntry = await add_home(hass, crib_data("Nursery", str(video), birthdate="2026-07-25"))
    monitor = crib_of(entry)
    await live(hass, monitor)
    made = monitor.threads._made
    assert stages() == []
    warp.put_forward(30)
    await until(lambda: len(stages()) == 1, "the stage at midnight")
    await until(lambda: monitor.threads._made > made, "a thread with the new hazards")
    await live(hass, monitor)

    async def tells_nothing_more(happens: Callable[[], None] | None = None) -> None:
        if happens is not None:
            happens()
        made_before = monitor.threads._made
        await until(lambda: monitor._stages._today == dt_util.now().date(), "the new date")
        await until(lambda: monitor.threads._made >= made_before, "the thread")
        await hass.async_block_till_done(wait_background_tasks=False)
        assert len(stages()) == 1

    await hass.config.async_update(time_zone="America/New_York")
    assert dt_util.now().date().isoformat() == "2026-10-24"
    await tells_nothing_more()
    # Midnight in New York: the 25th begins again.
    await tells_nothing_more(lambda: warp.put_forward(6 * 3600))
    assert dt_util.now().date().isoformat() == "2026-10-25"
    await until(lambda: monitor.threads._made > made + 1, "the thread of the day that began again")
    assert len(stages()) == 1
    await leave(hass, entry)
