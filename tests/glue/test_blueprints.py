"""Each blueprint in a running automation: what goes out, and when nothing does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed, async_mock_service

from custom_components.cradlewatch.const import DOMAIN, EVENT_BUS

BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"
EVENT = "event.mina_event"
CRYING = "binary_sensor.mina_crying"
ACTIVITY = "sensor.mina_activity"


@pytest.fixture(autouse=True)
def config_folder(hass: HomeAssistant, tmp_path: Path) -> None:
    """A configuration folder of its own, with our blueprints as a user would have them."""
    shutil.copytree(BLUEPRINTS, tmp_path / "config" / "blueprints")
    hass.config.config_dir = str(tmp_path / "config")


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """A device of the app."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    return (
        dr.async_get(hass)
        .async_get_or_create(config_entry_id=entry.entry_id, identifiers={("mobile_app", "1")}, name="Mum's phone")
        .id
    )


@pytest.fixture
def pushes(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "notify", "mobile_app_mum_s_phone")


async def settle() -> None:
    """Let everything run that can. Not async_block_till_done: that waits for automations which wait."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
async def end_automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Nothing may go on waiting after a test."""
    yield
    if hass.services.has_service("automation", "turn_off"):
        await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def use(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    config = {"id": name, "alias": name, "use_blueprint": {"path": f"cradlewatch/{name}.yaml", "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    await hass.async_block_till_done()
    await settle()
    state = hass.states.get(f"automation.{name}")
    assert state is not None
    assert state.state == "on", "the blueprint is valid"


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, **how_long: float) -> None:
    freezer.tick(timedelta(**how_long))
    async_fire_time_changed(hass)
    await settle()


def news(event_id: str, kind: str, phase: str, **more: Any) -> dict[str, Any]:
    fields = {"event_id": event_id, "event_type": kind, "phase": phase, "severity": "warning", "status": "unverified"}
    return fields | {"title": f"Mina: {kind} {phase}", "description": "Why."} | more


async def happens(hass: HomeAssistant, event_id: str, kind: str) -> None:
    hass.states.async_set(EVENT, dt_util.utcnow().isoformat(timespec="milliseconds"), news(event_id, kind, "opened"))
    hass.bus.async_fire(EVENT_BUS, news(event_id, kind, "opened"))
    await settle()


async def ends(hass: HomeAssistant, event_id: str, kind: str) -> None:
    hass.bus.async_fire(EVENT_BUS, news(event_id, kind, "ended"))
    await settle()


async def test_a_short_loss_is_not_told(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "watch_lost", crib_event=EVENT, phones=[phone])
    await happens(hass, "e1", "camera_lost")
    await later(hass, freezer, seconds=30)
    await ends(hass, "e1", "camera_lost")
    await later(hass, freezer, minutes=5)
    assert not pushes


async def test_a_long_loss_is_told_loudly_and_its_end_silently(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "watch_lost", crib_event=EVENT, phones=[phone])
    await happens(hass, "e1", "crying")
    await happens(hass, "e2", "camera_lost")
    await later(hass, freezer, seconds=61)
    assert [push.data["title"] for push in pushes] == ["Mina: camera_lost opened"]
    data = pushes[0].data["data"]
    assert data["push"]["interruption-level"] == "critical"
    assert data["push"]["sound"]["critical"] == 1
    assert (data["media_stream"], data["importance"]) == ("alarm_stream", "max")

    await ends(hass, "e1", "crying")
    assert len(pushes) == 1
    await ends(hass, "e2", "camera_lost")
    assert pushes[1].data["data"]["tag"] == data["tag"]
    assert pushes[1].data["data"]["push"]["interruption-level"] == "passive"


async def test_night_summary(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Asia/Seoul")
    freezer.move_to("2026-11-24 22:29:50+00:00")  # 07:29:50 in Seoul
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    crib = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "c1")}, name="Mina"
    )
    asked: list[ServiceCall] = []

    def kept(kind: str, start: str, end: str | None, **more: Any) -> dict[str, Any]:
        row = news("x", kind, "ended", **more)
        return row | {"started_at": f"2026-11-24T{start}:00+00:00", "ended_at": end and f"2026-11-24T{end}:00+00:00"}

    async def get_events(call: ServiceCall) -> Any:
        asked.append(call)
        rows = [
            kept("crying", "15:00", "15:06", severity="info"),
            kept("woke_up", "17:10", "17:10", severity="info"),
            kept("crying", "17:12", "17:16", severity="info"),
            kept("face_covered", "18:00", "18:01", severity="danger", status="dismissed"),
            kept("climbing", "19:00", "19:01", title="Mina stands at the rail"),
            kept("camera_lost", "20:00", "20:30"),
        ]
        return {"cribs": {"Mina": rows}}

    hass.services.async_register(DOMAIN, "get_events", get_events, supports_response=SupportsResponse.ONLY)
    await use(hass, "night_summary", crib=crib.id, phones=[phone])
    await later(hass, freezer, seconds=15)
    assert asked[0].data["start"] == "2026-11-24T19:00:00+09:00"
    (push,) = pushes
    assert push.data["title"] == "Mina"
    assert push.data["message"] == (
        "Woke 1× (02:10), cried 2× (10 min). Mina stands at the rail. Nobody could watch for 30 min."
    )


async def test_light_when_crying_and_back_as_it_was(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    made = async_mock_service(hass, "scene", "create")
    put_back = async_mock_service(hass, "scene", "turn_on")
    async_mock_service(hass, "scene", "delete")
    on = async_mock_service(hass, "light", "turn_on")
    hass.states.async_set(CRYING, "off")
    await use(hass, "light_when_crying", crying=CRYING, light="light.nursery")

    hass.states.async_set(CRYING, "on")
    await later(hass, freezer, seconds=10)
    assert not on, "a whimper"
    await later(hass, freezer, seconds=11)
    assert [call.data["brightness_pct"] for call in on] == [10]
    assert made[0].data["snapshot_entities"] == "light.nursery"

    hass.states.async_set(CRYING, "off")
    await later(hass, freezer, minutes=2)
    hass.states.async_set(CRYING, "on")
    await later(hass, freezer, minutes=4)
    assert not put_back, "it was quiet for two minutes only"
    hass.states.async_set(CRYING, "off")
    await later(hass, freezer, minutes=5, seconds=1)
    assert put_back[0].data["entity_id"] == ["scene.cradlewatch_before_light_nursery"]


async def test_light_goes_back_when_crying_is_not_known(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    async_mock_service(hass, "scene", "create")
    async_mock_service(hass, "scene", "delete")
    async_mock_service(hass, "light", "turn_on")
    put_back = async_mock_service(hass, "scene", "turn_on")
    hass.states.async_set(CRYING, "off")
    await use(hass, "light_when_crying", crying=CRYING, light="light.nursery", longest=30)
    hass.states.async_set(CRYING, "on")
    await later(hass, freezer, seconds=21)
    hass.states.async_set(CRYING, "unavailable")
    await later(hass, freezer, minutes=20)
    assert not put_back
    await later(hass, freezer, minutes=11)
    assert len(put_back) == 1


async def test_white_noise(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    play, stop, volume = (
        async_mock_service(hass, "media_player", name) for name in ("play_media", "media_stop", "volume_set")
    )
    hass.states.async_set(CRYING, "off")
    hass.states.async_set(ACTIVITY, "calm")
    hass.states.async_set("media_player.nursery", "idle")
    rain = "media-source://media_source/local/rain.mp3"
    await use(
        hass, "white_noise", crying=CRYING, activity=ACTIVITY, player="media_player.nursery", sound=rain, volume=20
    )
    hass.states.async_set(ACTIVITY, "active")
    await later(hass, freezer, seconds=61)
    assert play[0].data["media_content_id"] == rain
    assert volume[0].data["volume_level"] == 0.2
    hass.states.async_set("media_player.nursery", "playing")
    hass.states.async_set(ACTIVITY, "still")
    await later(hass, freezer, minutes=9)
    assert not stop
    await later(hass, freezer, minutes=2)
    assert len(stop) == 1
    assert len(play) == 1


async def test_white_noise_leaves_music_alone(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    play = async_mock_service(hass, "media_player", "play_media")
    hass.states.async_set(CRYING, "off")
    hass.states.async_set("media_player.nursery", "playing")
    await use(hass, "white_noise", crying=CRYING, activity=ACTIVITY, player="media_player.nursery", sound="x")
    hass.states.async_set(CRYING, "on")
    await later(hass, freezer, seconds=11)
    assert not play


async def test_the_phone_is_quiet_while_somebody_is_in_the_room(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(EVENT, "unknown")
    hass.states.async_set("sensor.dad_room", "Nursery")
    quiet = {"quiet_entities": ["sensor.dad_room"], "room": "nursery", "cooldown": 0}
    await use(hass, "notify_phone", crib_event=EVENT, phones=[phone], **quiet)
    await happens(hass, "e1", "crying")
    await later(hass, freezer, seconds=30)
    hass.states.async_set("sensor.dad_room", "kitchen")
    await happens(hass, "e2", "crying")
    levels = [push.data["data"]["push"]["interruption-level"] for push in pushes]
    assert levels == ["passive", "time-sensitive"]


async def test_a_lost_camera_does_not_wait_behind_an_alert(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "notify_phone", crib_event=EVENT, phones=[phone])
    for seconds, kind in enumerate(("crying", "climbing", "camera_lost")):
        await later(hass, freezer, seconds=seconds)
        await happens(hass, f"e{seconds}", kind)
    assert [push.data["data"]["cradlewatch"]["kind"] for push in pushes] == ["crying", "camera_lost"]
    assert pushes[1].data["data"]["actions"] == []


async def test_nobody_reacted(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "follow_up", crib_event=EVENT, phones=[phone], minutes=3)
    await happens(hass, "e1", "climbing")
    await later(hass, freezer, minutes=2)
    assert not pushes
    worse = news("e1", "climbing", "updated", severity="danger")
    hass.states.async_set(EVENT, dt_util.utcnow().isoformat(timespec="milliseconds"), worse)
    await later(hass, freezer, minutes=1, seconds=1)
    (push,) = pushes
    assert push.data["title"] == "Nobody has reacted: Mina: climbing opened"
    assert push.data["data"]["tag"] == "cradlewatch-e1", "it takes the place of the first one"
    assert push.data["data"]["push"]["interruption-level"] == "time-sensitive"
    await later(hass, freezer, minutes=20)
    assert len(pushes) == 1


@pytest.mark.parametrize("reaction", ["real", "swipe", "ended", "dismissed", "muted", "camera"])
async def test_a_reaction_is_enough(
    hass: HomeAssistant, phone: str, pushes: list[ServiceCall], freezer: FrozenDateTimeFactory, reaction: str
) -> None:
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "follow_up", crib_event=EVENT, phones=[phone], minutes=3)
    kind = "camera_lost" if reaction == "camera" else "climbing"
    begun = news("e1", kind, "opened", muted=reaction == "muted")
    hass.states.async_set(EVENT, dt_util.utcnow().isoformat(timespec="milliseconds"), begun)
    await later(hass, freezer, seconds=30)
    hass.bus.async_fire("mobile_app_notification_action", {"action": "CRADLEWATCH_REAL_other"})
    if reaction == "real":
        hass.bus.async_fire("mobile_app_notification_action", {"action": "CRADLEWATCH_REAL_e1"})
    elif reaction == "swipe":
        hass.bus.async_fire("mobile_app_notification_cleared", {"tag": "cradlewatch-e1"})
    elif reaction == "ended":
        await ends(hass, "e1", kind)
    elif reaction == "dismissed":
        hass.bus.async_fire(EVENT_BUS, news("e1", kind, "updated", status="dismissed"))
    await later(hass, freezer, minutes=10)
    assert not pushes
