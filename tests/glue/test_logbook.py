"""The logbook as its own API gives it: one readable line of ours for an incident, few of Home Assistant's."""

from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
import time
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.cradlewatch.const import DOMAIN
from custom_components.cradlewatch.engine.models import (
    Activity,
    EventKind,
    Reading,
    Severity,
    Signal,
    Verdict,
)
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until


@pytest.fixture(autouse=True)
def custom_integrations(recorder_mock: object, enable_custom_integrations: None) -> None:
    """The recorder must be there before Home Assistant is."""


pytestmark = pytest.mark.usefixtures("own_folder")


def verdict(safety: Severity, title: str) -> Verdict:
    return Verdict(
        provider="gemini",
        model="m",
        taken_at=dt_util.utcnow(),
        taken_at_s=time.monotonic(),
        latency_s=1,
        safety=safety,
        title=title,
        description="A long description.",
        hazard=EventKind.FACE_COVERED if safety.rank > 1 else None,
    )


async def lines(hass: HomeAssistant, ws: Any, crib_id: str, entry_id: str) -> list[dict[str, Any]]:
    """All that the page of the crib shows."""
    await get_instance(hass).async_block_till_done()
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, crib_id), entry_id)
    assert device is not None
    entities = [row.entity_id for row in er.async_get(hass).entities.values() if row.device_id == device.id]
    await ws.send_json_auto_id(
        {
            "type": "logbook/get_events",
            "start_time": (dt_util.utcnow() - timedelta(minutes=5)).isoformat(),
            "entity_ids": entities,
            "device_ids": [device.id],
        }
    )
    answer = await ws.receive_json()
    assert answer["success"], answer
    result: list[dict[str, Any]] = answer["result"]
    return result


async def test_one_line_for_an_incident_and_one_for_its_verdict(
    hass: HomeAssistant, video: Path, hass_ws_client: WebSocketGenerator, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "logbook", {})
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    ws = await hass_ws_client()
    before = await lines(hass, ws, monitor.config.crib_id, entry.entry_id)
    known = {str(line) for line in before}

    covered = Signal(
        kind=EventKind.FACE_COVERED, active=True, at_s=time.monotonic(), severity=Severity.DANGER, score=0.7
    )
    monitor._signal(covered)
    monitor._signal(covered)
    await until(
        lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "face_covered", "it"
    )
    first = [
        line
        for line in await lines(hass, ws, monitor.config.crib_id, entry.entry_id)
        if str(line) not in known and line.get("domain") == "cradlewatch" and "motion" not in line["message"].lower()
    ]
    assert len(first) == 1, first
    assert first[0]["name"] == "Nursery"
    assert "danger" in first[0]["message"]
    # The frontend puts the entity's own name before the message, the device's where it has none.
    row = er.async_get(hass).async_get(first[0]["entity_id"])
    assert row is not None
    assert row.name is None
    assert row.original_name is None
    assert row.entity_id == "event.nursery_event"
    assert first[0]["message"].startswith("may have the face covered (danger, ")
    assert first[0]["entity_id"] == entity_id(hass, monitor.config.crib_id, "event", "event")

    monitor.publish(
        monitor.tracker.on_verdict(verdict(Severity.DANGER, "Blanket over face"), dt_util.utcnow(), time.monotonic())
    )
    monitor.publish(
        monitor.tracker.on_verdict(verdict(Severity.DANGER, "Still covered"), dt_util.utcnow(), time.monotonic())
    )
    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("status") == "confirmed", "verdict")
    ours = [
        line
        for line in await lines(hass, ws, monitor.config.crib_id, entry.entry_id)
        if line.get("domain") == "cradlewatch" and "motion" not in line["message"].lower()
    ]
    assert [line["message"].split(" (")[0] for line in ours[-1:]] == ["Blanket over face"]
    assert len(ours) == 2, ours

    client = await hass_client()
    answer = await client.get(f"/api/logbook?entity={first[0]['entity_id']}")
    assert answer.status == HTTPStatus.OK
    assert any("danger" in (line.get("message") or "") for line in await answer.json())
    await leave(hass, entry)


async def test_home_assistant_adds_few_lines_of_its_own(
    hass: HomeAssistant, video: Path, hass_ws_client: WebSocketGenerator
) -> None:
    """Sensors (activity, safety, the last title) add none; the event entity and its binary sensor do."""
    assert await async_setup_component(hass, "logbook", {})
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: monitor.coordinator.data.activity is not None, "a reading")
    monitor.test_alert()
    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "test", "it")
    ws = await hass_ws_client()
    shown = await lines(hass, ws, monitor.config.crib_id, entry.entry_id)
    mine = [line for line in shown if line.get("domain") != "cradlewatch"]
    assert not [line for line in mine if line.get("entity_id", "").startswith("sensor.")], mine
    about_test = [
        line for line in mine if line.get("entity_id") == entity_id(hass, monitor.config.crib_id, "event", "event")
    ]
    assert len(about_test) <= 2
    await leave(hass, entry)


async def test_what_home_assistant_adds_to_one_incident(
    hass: HomeAssistant, video: Path, hass_ws_client: WebSocketGenerator
) -> None:
    """Counted by entity: the event entity once, its binary sensor once on and once off; nothing else.

    One more than wished for. The logbook leaves out by domain (counter, image, proximity), by a sensor's unit, state
    class or numeric class, and what does not change its state: nothing that binary sensors or event entities can say.
    """
    assert await async_setup_component(hass, "logbook", {})
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert monitor._thread is not None
    figures = monitor._thread.loop.figures()
    monitor.threads.begin_stop()
    crib_id = monitor.config.crib_id
    ws = await hass_ws_client()

    def feel(*, motion: bool) -> None:
        now_s = time.monotonic()
        monitor._signal(Signal(kind=EventKind.MOTION, active=motion, at_s=now_s))
        reading = Reading(
            at_s=now_s, motion=motion, activity_level=40.0 if motion else 0.0,
            activity=Activity.ACTIVE if motion else Activity.STILL, occupancy=None, sound=None, crying=None,
        )  # fmt: skip
        monitor.on_reading(reading, figures)

    feel(motion=False)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "motion").state == "off", "quiet")
    monitor._publish(monitor.tracker.end_all("reload", dt_util.utcnow(), time.monotonic()))
    await hass.async_block_till_done(wait_background_tasks=False)
    before = len(await lines(hass, ws, crib_id, entry.entry_id))
    for motion, shown in ((True, "on"), (False, "off")):
        feel(motion=motion)
        await until(lambda: crib_state(hass, monitor, "binary_sensor", "motion").state == shown, shown)  # noqa: B023
    await until(
        lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "motion", "the event"
    )
    added = (await lines(hass, ws, crib_id, entry.entry_id))[before:]
    theirs = Counter(line["entity_id"] for line in added if line.get("domain") != DOMAIN)
    assert theirs == {
        entity_id(hass, crib_id, "binary_sensor", "motion"): 2,
        entity_id(hass, crib_id, "event", "event"): 1,
    }
    assert sum(line.get("domain") == DOMAIN for line in added) == 1
    await leave(hass, entry)
