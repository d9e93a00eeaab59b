"""The ai_task provider: another integration's AI is given the very frame."""

import asyncio
import io
import logging
from pathlib import Path
import stat
import time
from typing import Any

from homeassistant.components.ai_task import AITaskEntity, AITaskEntityFeature, GenDataTask, GenDataTaskResult
from homeassistant.components.conversation import ChatLog
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
from PIL import Image
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockEntityPlatform

from custom_components.cradlewatch import report_office, window_keeper
from custom_components.cradlewatch.ai_task_reporter import report_structure
from custom_components.cradlewatch.engine.models import EventKind, Severity, Signal
from custom_components.cradlewatch.engine.windows.settings import WindowSettings
from custom_components.cradlewatch.storage import footage_path
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.servers.gemini_answers import SAFE

SECRETS = ("hunter2secret", "sk-deadbeef99", "AIzaSyD-0123456789abc")


class OtherAi(AITaskEntity):
    """Stands for any AI that Home Assistant knows."""

    _attr_name = "Other AI"
    _attr_unique_id = "other_ai"
    _attr_supported_features = AITaskEntityFeature.GENERATE_DATA | AITaskEntityFeature.SUPPORT_ATTACHMENTS

    def __init__(self) -> None:
        self.answer: Any = {key: value for key, value in SAFE.items() if value is not None} | {"concerns": ""}
        self.report: Any = None
        self.tasks: list[GenDataTask] = []
        self.pictures: list[bytes] = []
        self.modes: set[int] = set()
        self.error: Exception | None = None
        self.hangs = False

    async def _async_generate_data(self, task: GenDataTask, chat_log: ChatLog) -> GenDataTaskResult:
        self.tasks.append(task)
        for attachment in task.attachments or []:
            self.pictures.append(await asyncio.to_thread(attachment.path.read_bytes))
            self.modes.add(stat.S_IMODE((await asyncio.to_thread(attachment.path.stat)).st_mode))
        if self.error is not None:
            raise self.error
        if self.hangs:
            await asyncio.Event().wait()
        return GenDataTaskResult(
            conversation_id=chat_log.conversation_id, data=self.report if "report" in task.name else self.answer
        )


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
async def other_ai(hass: HomeAssistant) -> OtherAi:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "ai_task", {})
    entity = OtherAi()
    await MockEntityPlatform(hass, domain="ai_task", platform_name="other").async_add_entities([entity])
    return entity


async def home_of(hass: HomeAssistant, video: Path, other_ai: OtherAi) -> MockConfigEntry:
    """A home that asks it, after its first verdict."""
    left = footage_path(hass, "frames") / "left_by_a_crash.jpg"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"x")
    data = {"provider": "ai_task", "ai_task_entity": other_ai.entity_id}
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=data)
    assert not left.exists()
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "safe", "a verdict")
    return entry


def size_of(jpeg: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(jpeg)) as image:
        return image.size


async def test_the_very_frame_is_judged(hass: HomeAssistant, video: Path, other_ai: OtherAi) -> None:
    entry = await home_of(hass, video, other_ai)
    monitor = crib_of(entry)
    assert size_of(other_ai.pictures[0])[0] <= 768
    assert other_ai.modes == {0o600}
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


async def test_a_suspicion_is_shown_as_one_strip_in_time_order(
    hass: HomeAssistant, video: Path, other_ai: OtherAi
) -> None:
    entry = await home_of(hass, video, other_ai)
    monitor = crib_of(entry)
    single = size_of(other_ai.pictures[0])
    await asyncio.sleep(3)
    asked = len(other_ai.tasks)
    monitor._signal(
        Signal(kind=EventKind.FACE_COVERED, active=True, at_s=time.monotonic() - 1, severity=Severity.DANGER)
    )
    await until(lambda: len(other_ai.tasks) > asked, "the urgent check", 3)
    task = other_ai.tasks[asked]
    assert len(task.attachments or []) == 1
    found = [count for count in (2, 3) if f"holds {count} frames in time order" in task.instructions]
    assert found, task.instructions
    assert f"Judge frame {found[0]}, the newest" in task.instructions
    width, height = size_of(other_ai.pictures[asked])
    assert width * height > found[0] * single[0] * single[1], "all frames at their size, each below its time"
    await until(lambda: not list(footage_path(hass, "frames").glob("*")), "the end of the strip's file")
    await leave(hass, entry)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Rate limited or insufficient funds", "rate_limited"),
        ("Insufficient funds for OpenAI", "daily_quota"),
        ("Error with Ollama structured response", "unreadable"),
        ("Error talking to API", "unreachable"),
        (
            "Bad request to https://user:hunter2secret@host/v1?api_key=sk-deadbeef99 AIzaSyD-0123456789abc",
            "request_rejected",
        ),
    ],
)
async def test_what_another_integration_says_of_a_failure(
    hass: HomeAssistant,
    video: Path,
    other_ai: OtherAi,
    caplog: pytest.LogCaptureFixture,
    words: str,
    reason: str,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.cradlewatch")
    entry = await home_of(hass, video, other_ai)
    other_ai.error = HomeAssistantError(words)
    answer = await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True)
    state = crib_state(hass, crib_of(entry), "sensor", "safety")
    assert (state.state, state.attributes["reason"]) == ("unknown", reason)
    told = f"{answer}{[item.as_dict() for item in hass.states.async_all()]}"
    told += "".join(row.getMessage() for row in caplog.records if row.name.startswith("custom_components"))
    for secret in SECRETS:
        assert secret not in told
    assert not list(footage_path(hass, "frames").glob("*"))
    await leave(hass, entry)


async def test_a_window_is_shown_as_a_strip_of_at_most_twelve_frames(
    hass: HomeAssistant, video: Path, other_ai: OtherAi, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = WindowSettings(length_s=18, due_after_s=0.5, timeout_s=20)
    monkeypatch.setattr(window_keeper, "USUAL", short)
    monkeypatch.setattr(report_office, "USUAL", short)
    other_ai.report = {
        "child_visibility": "clear",
        "timeline": [{"id": "t1", "start_s": 0, "end_s": 2, "what": "Sits and plays."}],
        "incidents": [], "sleep": [], "position_changes_s": [], "carer_present": [], "skills": [], "hazards": [],
        "summary": [{"text": "Played in the crib.", "evidence": ["t1"]}], "recommendations": [],
    }  # fmt: skip
    entry = await home_of(hass, video, other_ai)
    monitor = crib_of(entry)
    state = await until(
        lambda: (
            (s := crib_state(hass, monitor, "sensor", "report")).attributes.get("provider") == "ai_task"
            and s.attributes.get("timeline")
            and s
        ),
        "the report",
        60,
    )
    assert "Played in the crib." in str(state.attributes)

    def asked() -> list[GenDataTask]:
        return [item for item in other_ai.tasks if "report" in item.name]

    def frames(task: GenDataTask) -> int:
        return next(count for count in range(1, 13) if f"holds {count} of its frames" in task.instructions)

    # The first window was cut by the start, and may hold a single frame.
    await until(lambda: any(frames(item) > 1 for item in asked()), "a longer window", 60)
    assert {len(item.attachments or []) for item in asked()} == {1}
    await until(lambda: not list(footage_path(hass, "frames").glob("*")), "the end of the strip's file")
    await leave(hass, entry)


def test_every_ai_is_told_the_whole_form_of_a_report() -> None:
    form = probatio.to_openapi(report_structure(), custom_serializer=llm.selector_serializer)
    timeline = form["properties"]["timeline"]
    assert timeline["type"] == "array"
    assert set(timeline["items"]["properties"]) == {"id", "start_s", "end_s", "what"}
    assert form["properties"]["incidents"]["items"]["properties"]["severity"]["enum"][0] == "accident"
    assert form["properties"]["skills"]["items"]["properties"]["evidence_s"]["type"] == "array"
    assert set(form["required"]) == set(form["properties"])
