"""Questions in English and Korean through Home Assistant's own conversation agent, with the sentences as shipped."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch.const import DOMAIN
from custom_components.cradlewatch.engine.models import EventKind, MonitorEvent, Phase, Severity, Sleep, Status
from custom_components.cradlewatch.engine.store import Store
from tests.glue.homes import add_home, crib_data, crib_of, leave

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def home(hass: HomeAssistant, tmp_path: Path, video: Path) -> AsyncIterator[Any]:
    shutil.copytree(ROOT / "custom_sentences", tmp_path / "config" / "custom_sentences")
    hass.config.config_dir = str(tmp_path / "config")
    for component in ("homeassistant", "conversation", "intent"):
        assert await async_setup_component(hass, component, {})
    entry = await add_home(hass, crib_data("Mina", str(video)))
    yield entry
    await leave(hass, entry)


async def ask(hass: HomeAssistant, sentence: str, language: str) -> str:
    result = await conversation.async_converse(hass, sentence, None, Context(), language)
    speech: str = result.response.speech["plain"]["speech"]
    return speech


def slept(monitor: Any) -> None:
    now = dt_util.utcnow()
    start, end = now - timedelta(hours=3), now - timedelta(minutes=30)
    session = {
        "start_at": start.isoformat(),
        "end_at": None,
        "stretches": [[start.isoformat(), end.isoformat()]],
        "asleep_since_at": None,
    }
    kept = {"sessions": [session], "state": Sleep.AWAKE.value, "since_at": end.isoformat(), "saved_at": now.isoformat()}
    monitor.insight.restore(monitor.insight.dump() | kept)


@pytest.mark.parametrize(
    ("language", "sentence", "unknown", "known"),
    [
        ("en", "is she asleep", "I do not know whether Mina is asleep.", None),
        ("en", "is Mina asleep", "I do not know whether Mina is asleep.", None),
        ("ko", "아기 자니", "Mina: 자는지 알 수 없어요.", None),
        (
            "en",
            "how was the night",
            "Nothing is known of Mina's sleep",
            "Mina slept 2 h 30 min in the last twelve",
        ),
        ("en", "how long did Mina sleep", "Nothing is known of Mina's sleep", "Mina slept 2 h 30 min"),
        ("ko", "어젯밤 어땠어", "수면은 알 수 없어요", "2시간 30분 잤고"),
        ("ko", "Mina 잘 잤어", "수면은 알 수 없어요", "2시간 30분 잤고"),
        ("en", "when did he last cry", "No crying of Mina has been kept.", None),
        ("ko", "아기가 언제 울었어", "기록된 울음이 없어요", None),
        ("en", "is Nobody asleep", "I do not know that crib.", None),
    ],
)
async def test_answers(
    hass: HomeAssistant, home: Any, language: str, sentence: str, unknown: str, known: str | None
) -> None:
    assert unknown in await ask(hass, sentence, language)
    if known is not None:
        slept(crib_of(home, "Mina"))
        assert known in await ask(hass, sentence, language)


async def test_when_it_cried(hass: HomeAssistant, home: Any) -> None:
    monitor = crib_of(home, "Mina")
    began = dt_util.utcnow() - timedelta(seconds=5)
    event = MonitorEvent(
        event_id="a", kind=EventKind.CRYING, phase=Phase.ENDED, severity=Severity.INFO, status=Status.UNVERIFIED,
        provider="local", started_at=began, changed_at=began, ended_at=dt_util.utcnow(),
    )  # fmt: skip
    await monitor._store.async_read(Store.save_event, monitor.config.crib_id, event)
    at = dt_util.as_local(began).strftime("%H:%M")
    assert await ask(hass, "when did she last cry", "en") == f"Mina last cried at {at}."
    assert await ask(hass, "아기 마지막으로 언제 울었어", "ko") == f"Mina: 마지막으로 운 때는 {at}이에요."


async def test_not_exposed_is_not_told(hass: HomeAssistant, home: Any, entity_registry: Any) -> None:
    from homeassistant.components.homeassistant.exposed_entities import async_expose_entity

    for row in list(entity_registry.entities.values()):
        if row.platform == DOMAIN:
            async_expose_entity(hass, "conversation", row.entity_id, False)
    assert await ask(hass, "is she asleep", "en") == "I do not know that crib."
