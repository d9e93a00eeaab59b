"""A parent corrects the sleep that was noted: at once, in the sums, and over a restart in the middle of the night."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch.const import DOMAIN
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live

pytestmark = pytest.mark.usefixtures("own_folder")


async def act(hass: HomeAssistant, name: str, context: Context | None = None, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=True, context=context or Context()
    )
    assert answer is not None
    cribs = answer["cribs"]
    assert isinstance(cribs, dict)
    crib = cribs["Nursery"]
    assert isinstance(crib, dict)
    return dict(crib)


def slept_by_midnight(since: datetime) -> int:
    """Minutes of today since `since`."""
    begin = max(since, dt_util.as_utc(dt_util.start_of_local_day()))
    return int((dt_util.utcnow() - begin).total_seconds() // 60)


async def test_a_correction_is_shown_summed_and_kept_over_a_restart(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    since = dt_util.utcnow() - timedelta(hours=3)
    answer = await act(hass, "correct_sleep", state="asleep", since=since.isoformat())
    assert (answer["state"], answer["wakings"]) == ("asleep", 0)
    assert crib_state(hass, monitor, "sensor", "sleep").state == "asleep"
    expected = slept_by_midnight(since)
    assert abs(answer["sleep_minutes"] - expected) <= 1
    shown = crib_state(hass, monitor, "sensor", "sleep_today")
    assert abs(float(shown.state) * 60 - expected) <= 2

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    again = crib_of(entry)
    assert again is not monitor
    await live(hass, again)
    (session,) = again.insight.sessions
    assert session.start_at == since
    assert session.asleep_since_at == since, "the restart cut the sleep"

    woke = dt_util.utcnow() - timedelta(hours=1)
    await act(hass, "correct_sleep", state="awake", since=woke.isoformat())
    assert crib_state(hass, again, "sensor", "sleep").state == "awake"
    night = await act(hass, "sleep_summary", start=(since - timedelta(hours=1)).isoformat())
    assert night["sleep_minutes"] == 120
    assert night["longest_minutes"] == 120
    assert len(night["sessions"]) == 1
    part = await act(hass, "sleep_summary", start=since.isoformat(), end=(since + timedelta(minutes=30)).isoformat())
    assert part["sleep_minutes"] == 30
    await leave(hass, entry)


async def test_who_may_correct_and_what(hass: HomeAssistant, video: Path, hass_read_only_user: User) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)), crib_data("Attic", str(video)))
    sleep = entity_id(hass, crib_of(entry).config.crib_id, "sensor", "sleep")
    reader = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await act(hass, "correct_sleep", reader, state="asleep", entity_id=sleep)
    assert crib_of(entry).insight.sessions == ()
    assert (await act(hass, "sleep_summary", reader, entity_id=sleep))["sleep_minutes"] == 0
    with pytest.raises(ServiceValidationError, match="exactly one"):
        await act(hass, "correct_sleep", state="asleep")
    for since in (dt_util.utcnow() + timedelta(minutes=5), dt_util.utcnow() - timedelta(days=3)):
        with pytest.raises(ServiceValidationError, match="two days"):
            await act(hass, "correct_sleep", state="asleep", since=since.isoformat(), entity_id=sleep)
    with pytest.raises(ServiceValidationError, match="period"):
        await act(hass, "sleep_summary", start=dt_util.utcnow().isoformat(), end="2026-01-01T00:00:00+00:00")
    await leave(hass, entry)
