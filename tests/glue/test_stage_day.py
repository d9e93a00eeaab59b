"""A new age stage is told on its day: at midnight, or at the start where Home Assistant was off then; once."""

from datetime import timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch.engine.models import EventKind
from custom_components.cradlewatch.engine.store import Store
from tests.glue.homes import add_home, crib_data, crib_of, leave, until

pytestmark = pytest.mark.usefixtures("own_folder")


def born_three_months_before(days_ago: int) -> str:
    """A birthdate whose child became three months old so many days ago."""
    day = dt_util.now().date() - timedelta(days=days_ago)
    month, year = (day.month - 3, day.year) if day.month > 3 else (day.month + 9, day.year - 1)
    return f"{year}-{month:02d}-{min(day.day, 28):02d}"


@pytest.mark.parametrize(("days_ago", "times"), [(0, 1), (2, 0)])
async def test_told_at_the_start_of_its_day_and_only_once(
    hass: HomeAssistant, video: Path, days_ago: int, times: int
) -> None:
    if (dt_util.now().date() - timedelta(days=days_ago)).day > 28:
        pytest.skip("the test's own birthdates end at the 28th; month ends are tested in tests/engine/test_stages.py")
    entry = await add_home(hass, crib_data("Nursery", str(video), birthdate=born_three_months_before(days_ago)))
    for _ in range(2):
        store = entry.runtime_data.store
        crib_id = crib_of(entry).config.crib_id
        rows = []
        for _ in range(2):
            # The store writes in a thread of its own, in order.
            rows = await store.async_read(Store.events, crib_id=crib_id, kinds=[EventKind.STAGE_CHANGED])
        assert len(rows) == times
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    await until(lambda: crib_of(entry).keeper.state is not None, "a state")
    await leave(hass, entry)
