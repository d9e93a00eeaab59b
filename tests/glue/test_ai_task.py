"""The ai_task provider: another integration's AI is given the very frame."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.components.ai_task import AITaskEntity, AITaskEntityFeature, GenDataTask, GenDataTaskResult
from homeassistant.components.conversation import ChatLog
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockEntityPlatform

from custom_components.cradlewatch.storage import footage_path
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.servers.gemini_answers import SAFE


class OtherAi(AITaskEntity):
    """Stands for any AI that Home Assistant knows."""

    _attr_name = "Other AI"
    _attr_unique_id = "other_ai"
    _attr_supported_features = AITaskEntityFeature.GENERATE_DATA | AITaskEntityFeature.SUPPORT_ATTACHMENTS

    def __init__(self) -> None:
        self.answer: Any = {key: value for key, value in SAFE.items() if value is not None} | {"concerns": ""}
        self.pictures: list[bytes] = []
        self.hangs = False

    async def _async_generate_data(self, task: GenDataTask, chat_log: ChatLog) -> GenDataTaskResult:
        for attachment in task.attachments or []:
            self.pictures.append(await asyncio.to_thread(attachment.path.read_bytes))
        if self.hangs:
            await asyncio.Event().wait()
        return GenDataTaskResult(conversation_id=chat_log.conversation_id, data=self.answer)


@pytest.fixture(autouse=True)
def own_folder(hass: HomeAssistant, tmp_path: Path) -> None:
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)


@pytest.fixture
async def other_ai(hass: HomeAssistant) -> OtherAi:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "ai_task", {})
    entity = OtherAi()
    await MockEntityPlatform(hass, domain="ai_task", platform_name="other").async_add_entities([entity])
    return entity


async def test_the_very_frame_is_judged(hass: HomeAssistant, video: Path, other_ai: OtherAi) -> None:
    data = {"provider": "ai_task", "ai_task_entity": other_ai.entity_id}
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=data)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "safe", "a verdict")
    assert other_ai.pictures[0][:2] == b"\xff\xd8"
    assert crib_state(hass, monitor, "sensor", "safety").attributes["provider"] == "ai_task"
    assert not list(footage_path(hass, "frames").glob("*.jpg")), "the frame stayed on disk"

    other_ai.answer = {"safety": "safe"}
    await hass.services.async_call("cradlewatch", "check", {}, blocking=True)
    state = crib_state(hass, monitor, "sensor", "safety")
    assert (state.state, state.attributes["reason"]) == ("unknown", "unreadable")

    other_ai.hangs = True
    asked = len(other_ai.pictures)
    monitor.checks.ask()
    await until(lambda: len(other_ai.pictures) > asked, "the request")
    started = asyncio.get_running_loop().time()
    await leave(hass, entry)
    assert asyncio.get_running_loop().time() - started < 3
