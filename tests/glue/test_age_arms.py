"""The birthdate arms hazards and zones, from a model's answer and a camera's picture to what a parent is told."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.media import Clip, clip
from tests.servers.gemini import GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
SIX_TO_EIGHT_MONTHS = 2


pytestmark = pytest.mark.usefixtures("own_folder")


def born(months: int | None) -> dict[str, str]:
    """The birthdate of a child in the middle of its so-manieth month."""
    if months is None:
        return {}
    day = dt_util.now().date() - timedelta(days=15)
    total = day.year * 12 + day.month - 1 - months
    return {"birthdate": date(total // 12, total % 12 + 1, min(day.day, 28)).isoformat()}


def told(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.data["type"] == kind]


@pytest.mark.parametrize(
    ("months", "answer", "safety", "kind"),
    [
        (3, "prone_warning", "warning", "on_stomach"),
        (3, "prone_danger", "danger", "on_stomach"),
        (8, "prone_warning", "info", None),
        # A model that says danger although it knows the age is believed; it is no danger of that kind.
        (8, "prone_danger", "danger", "hazard"),
        (None, "prone_warning", "warning", "on_stomach"),
        (3, "warning", "info", None),
        (8, "warning", "warning", "climbing"),
        (40, "danger", "danger", "hazard"),
    ],
)
async def test_a_models_hazard_counts_at_the_ages_that_it_endangers(
    hass: HomeAssistant,
    video: Path,
    gemini: GeminiServer,
    months: int | None,
    answer: str,
    safety: str,
    kind: str | None,
) -> None:
    gemini.answer_with(answer)
    events = async_capture_events(hass, "cradlewatch_event")
    entry = await add_home(hass, crib_data("Nursery", str(video), **born(months)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == safety, f"a verdict of {safety}")
    # One more, waited for to its end: whatever it brings has been told.
    answered = await hass.services.async_call("cradlewatch", "check", blocking=True, return_response=True)
    assert answered is not None
    await hass.async_block_till_done(wait_background_tasks=False)
    expected = "off" if kind is None else "on"
    assert crib_state(hass, monitor, "binary_sensor", "attention").state == expected
    hazards = {event.data["type"] for event in events} & {"on_stomach", "climbing", "face_covered", "hazard"}
    assert hazards == ({kind} if kind else set())
    await leave(hass, entry)


async def test_a_zone_counts_at_its_ages_only(hass: HomeAssistant, media_folder: Path) -> None:
    """Two children of two ages before the same camera, with the same zone: one is told of it."""
    path = await hass.async_add_executor_job(clip, media_folder, ".mp4", Clip(seconds=12, gop=15, restless=True))
    zone: dict[str, Any] = {"name": "Stairs", "kind": "danger", "points": WHOLE, "stages": [SIX_TO_EIGHT_MONTHS]}
    events = async_capture_events(hass, "cradlewatch_event")
    entry = await add_home(
        hass,
        crib_data("Crawler", str(path), zones=[zone], **born(7)),
        crib_data("Newborn", str(path), zones=[zone], **born(1)),
    )
    crawler, newborn = crib_of(entry, "Crawler"), crib_of(entry, "Newborn")
    for monitor in (crawler, newborn):
        await live(hass, monitor)
    await until(lambda: told(events, "zone_entered"), "the zone to be entered", 30)
    for monitor in (crawler, newborn):
        await until(
            lambda crib=monitor: crib_state(hass, crib, "binary_sensor", "motion").state == "on", "movement", 30
        )
    (entered, *_) = told(events, "zone_entered")
    assert entered.data["zone"] == "Stairs"
    assert {event.data["entity_id"] for event in told(events, "zone_entered")} == {
        crib_state(hass, crawler, "event", "event").entity_id
    }
    await leave(hass, entry)
