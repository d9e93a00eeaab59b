"""What was true of another picture, another camera or another time is not shown as true now."""

import asyncio
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch import thread_keeper
from custom_components.cradlewatch.engine.models import EventKind, Link, LinkState, Reading, Severity, Usage, Verdict
from custom_components.cradlewatch.engine.settings import SourceSettings
from tests.glue.helpers import write_video
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until

pytestmark = pytest.mark.usefixtures("own_folder")


def safe_verdict() -> Verdict:
    return Verdict(
        provider="gemini",
        model="m",
        taken_at=dt_util.utcnow(),
        taken_at_s=time.monotonic(),
        latency_s=1,
        safety=Severity.SAFE,
        title="Sleeps",
        description="On the back.",
        confidence=0.9,
        usage=Usage(),
    )


async def test_a_verdict_of_the_old_camera_is_none_of_the_new_one(
    hass: HomeAssistant, video: Path, media_folder: Path
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor.judge.on_verdict(safe_verdict())
    monitor.keeper.refresh()
    assert crib_state(hass, monitor, "sensor", "safety").state == "safe"

    other = await hass.async_add_executor_job(write_video, media_folder / "other.mp4")
    subentry = entry.subentries[monitor.config.crib_id]
    with patch.object(monitor.checks, "tick"):
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "source": str(other)})
        await until(lambda: monitor.config.source_data["source"] == str(other), "the change")
        await until(lambda: monitor.keeper.state.link is Link.LIVE and monitor.threads._made == 2, "the new camera")
        monitor.keeper.refresh()
        assert crib_state(hass, monitor, "sensor", "safety").state == "unknown"
    await leave(hass, entry)


async def test_the_old_address_that_comes_late_is_not_watched(
    hass: HomeAssistant, video: Path, media_folder: Path
) -> None:
    other = await hass.async_add_executor_job(write_video, media_folder / "other.mp4")
    answer_late = asyncio.Event()
    real = thread_keeper.async_source_settings

    async def slow_at_first(hass: HomeAssistant, data: Any, feed: Any = None) -> SourceSettings:
        found = await real(hass, data, feed)
        if found.spec == str(video):
            await answer_late.wait()
        return found

    with patch.object(thread_keeper, "async_source_settings", slow_at_first):
        entry = await add_home(hass, crib_data("Nursery", str(video)))
        monitor = crib_of(entry)
        subentry = entry.subentries[monitor.config.crib_id]
        hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "source": str(other)})
        await live(hass, monitor)
        answer_late.set()
        await hass.async_block_till_done()
        await asyncio.sleep(0.3)
        assert monitor._thread is not None
        assert monitor._thread.loop._source_settings.spec == str(other)
    await leave(hass, entry)


async def test_a_loss_reported_while_privacy_begins_is_no_incident(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]]
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await monitor.async_set_privacy(on=True)
    # On its way from the camera's thread when the parent pressed the switch.
    monitor.on_news([LinkState(link=Link.LOST, since_s=time.monotonic(), reason="no_packets")])
    await until(lambda: monitor.keeper.state.link is Link.PRIVACY, "privacy")
    await asyncio.sleep(0.3)
    assert not monitor.tracker.active(EventKind.CAMERA_LOST)
    assert not any(event["type"] == "camera_lost" for event in told)
    await leave(hass, entry)


async def test_without_ai_nothing_says_that_it_is_unavailable(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]]
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    with patch.object(monitor.checks, "tick"):
        now_at, now_s = dt_util.utcnow(), time.monotonic()
        monitor.publish(
            monitor.tracker.raise_event(
                EventKind.AI_UNAVAILABLE, severity=Severity.WARNING, now_at=now_at, now_s=now_s, momentary=False
            )
        )
        await monitor.async_set_ai(on=False)
        assert not monitor.tracker.active(EventKind.AI_UNAVAILABLE)
        await until(
            lambda: [e["phase"] for e in told if e["type"] == "ai_unavailable"] == ["opened", "ended"], "the end"
        )
    await leave(hass, entry)


async def test_what_cannot_be_seen_does_not_keep_still(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert monitor._thread is not None
    figures = monitor._thread.loop.figures()
    monitor._thread.bridge.close()
    covered = Reading(at_s=time.monotonic(), motion=False, lens_covered=True, visible=False)
    monitor.keeper.reading(covered, figures)
    assert crib_state(hass, monitor, "binary_sensor", "motion").state == "unknown"
    monitor.keeper.reading(Reading(at_s=time.monotonic(), motion=True, visible=False), figures)
    assert crib_state(hass, monitor, "binary_sensor", "motion").state == "on"
    await leave(hass, entry)


async def test_a_home_that_cannot_begin_to_watch_says_so_and_tries_again(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]]
) -> None:
    with (
        patch.object(thread_keeper, "_ASK_AGAIN_S", (0.1,)),
        patch.object(thread_keeper, "NurserySenses", side_effect=RuntimeError("a broken OpenCV")),
    ):
        entry = await add_home(hass, crib_data("Nursery", str(video)))
        monitor = crib_of(entry)
        await until(lambda: any(event["type"] == "camera_lost" for event in told), "camera_lost")
    await live(hass, monitor)
    await leave(hass, entry)
