"""Sleep in the calendar, and what Assist's tools answer: from a real store, with times, unknown said as unknown."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.components.llm import async_get_tools
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, ToolInput
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch.engine.models import EventKind, MonitorEvent, Phase, Severity, Status
from custom_components.cradlewatch.engine.store import Store
from tests.glue.homes import add_home, crib_data, crib_of, entity_id, leave

CONTEXT = LLMContext(platform="test", context=Context(), language="en", assistant="conversation", device_id=None)


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
async def home(hass: HomeAssistant, video: Path) -> Any:
    assert await async_setup_component(hass, "homeassistant", {})
    entry = await add_home(hass, crib_data("Mina", str(video)))
    yield entry
    await leave(hass, entry)


def slept(monitor: Any) -> None:
    """Two stretches, 2 h and 1 h, half an hour awake between them; up since half an hour."""
    now = dt_util.utcnow()
    stretches = [
        (now - timedelta(hours=4), now - timedelta(hours=2)),
        (now - timedelta(hours=1.5), now - timedelta(hours=0.5)),
    ]
    session = {
        "start_at": stretches[0][0].isoformat(),
        "end_at": stretches[-1][1].isoformat(),
        "stretches": [[start.isoformat(), end.isoformat()] for start, end in stretches],
        "asleep_since_at": None,
    }
    monitor.insight.restore({**monitor.insight.dump(), "sessions": [session]})
    assert len(monitor.insight.sessions) == 1


async def keep(monitor: Any, event_id: str, kind: EventKind, ago: timedelta, status: Status) -> None:
    now = dt_util.utcnow()
    event = MonitorEvent(
        event_id=event_id, kind=kind, phase=Phase.ENDED, severity=Severity.INFO, status=status, provider="local",
        started_at=now - ago, changed_at=now - ago, ended_at=now - ago + timedelta(minutes=5),
    )  # fmt: skip
    await monitor._store.async_read(Store.save_event, monitor.config.crib_id, event)


async def ask(hass: HomeAssistant, name: str, **arguments: Any) -> dict[str, Any]:
    assert await async_setup_component(hass, "llm", {})
    offered = {tool.name: tool for tool in (await async_get_tools(hass, CONTEXT, LLM_API_ASSIST)).tools}
    result = await offered[name].async_call(hass, ToolInput(tool_name=name, tool_args=arguments), CONTEXT)
    data: dict[str, Any] = result.data
    return data


async def test_calendar(hass: HomeAssistant, home: Any) -> None:
    monitor = crib_of(home, "Mina")
    slept(monitor)
    calendar = entity_id(hass, monitor.config.crib_id, "calendar", "sleep_sessions")
    now = dt_util.now()
    found = await hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": calendar,
            "start_date_time": (now - timedelta(days=1)).isoformat(),
            "end_date_time": now.isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    (event,) = found[calendar]["events"]
    assert event["summary"] == "Mina asleep"
    assert event["description"] == "Asleep 3 h 0 min, longest stretch 2 h 0 min, woke 1 times."
    assert event["end"] > event["start"]


async def test_history(hass: HomeAssistant, home: Any) -> None:
    monitor = crib_of(home, "Mina")
    slept(monitor)
    await keep(monitor, "a", EventKind.CRYING, timedelta(hours=3), Status.UNVERIFIED)
    await keep(monitor, "b", EventKind.CRYING, timedelta(hours=2), Status.DISMISSED)
    await keep(monitor, "c", EventKind.CRYING, timedelta(hours=40), Status.UNVERIFIED)
    (night,) = (await ask(hass, "cradlewatch__history", hours=12, kinds=["crying"]))["cribs"]
    assert night["counts"] == {"crying": 1}
    assert night["events"][0]["title"] == "Mina stopped crying"
    assert night["events"][0]["began"] < night["events"][0]["ended"]
    assert (night["sleep_minutes"], night["longest_sleep_minutes"], night["wakings"]) == (180, 120, 1)
    (week,) = (await ask(hass, "cradlewatch__history", crib="Mina", hours=168, kinds=["crying"]))["cribs"]
    assert week["counts"] == {"crying": 2}


async def test_what_is_not_known_is_said(hass: HomeAssistant, home: Any) -> None:
    await crib_of(home, "Mina").async_set_privacy(True)
    await hass.async_block_till_done()
    (now,) = (await ask(hass, "cradlewatch__status"))["cribs"]
    assert now["camera"] == "private"
    for key in ("sleep", "crying", "child_in_view", "safety", "attention_needed"):
        assert now[key] == "unknown", key
    assert now["safety_unknown_because"] == "privacy"


async def test_a_crib_that_is_not_exposed_is_not_told(hass: HomeAssistant, home: Any, entity_registry: Any) -> None:
    for row in list(entity_registry.entities.values()):
        async_expose_entity(hass, "conversation", row.entity_id, False)
    assert await async_setup_component(hass, "llm", {})
    tools = (await async_get_tools(hass, CONTEXT, LLM_API_ASSIST)).tools
    assert not [tool for tool in tools if tool.name.startswith("cradlewatch")]
