"""One question with one picture to an AI task entity: the picture as a file of ours, for as long as the call lasts."""

import asyncio
from functools import partial
from typing import Any
import uuid

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import probatio

from .engine.analysis.text import plain
from .engine.errors import AnalysisError, AnalysisFailure, Remedy
from .engine.redact import redact
from .media_source import frame_media_id
from .snapshots import FRAMES, save_picture
from .storage import footage_path

_DETAIL_MAX = 200
# What the integrations of Home Assistant say of a failure has no type but HomeAssistantError: their words tell it.
_TOLD: tuple[tuple[tuple[str, ...], AnalysisFailure, Remedy], ...] = (
    (("rate limit", "ratelimit", "too many requests"), AnalysisFailure.RATE_LIMITED, Remedy.RETRY_LATER),
    (("insufficient funds", "quota", "billing"), AnalysisFailure.DAILY_QUOTA, Remedy.TELL_USER),
    (("does not support", "not found"), AnalysisFailure.PROVIDER_OFF, Remedy.TELL_USER),
    (("blocked", "safety", "refus"), AnalysisFailure.BLOCKED, Remedy.COUNT_UNREADABLE),
    (("incomplete", "structured response", "empty response"), AnalysisFailure.UNREADABLE, Remedy.COUNT_UNREADABLE),
    (("error talking", "connect", "unavailable"), AnalysisFailure.UNREACHABLE, Remedy.RETRY_LATER),
)


async def async_ask(
    hass: HomeAssistant,
    entity_id: str,
    *,
    task_name: str,
    words: str,
    jpeg: bytes,
    structure: probatio.Schema,
    limit_s: float,
) -> Any:
    """The answer's data, not validated. For an executor thread with a loop of its own, which waits for the home's.

    Raises:
        AnalysisError: there is none.
    """
    token = uuid.uuid4().hex
    try:
        # This is an executor thread: files may be written here. 0600, in a folder of 0700.
        path = save_picture(footage_path(hass, FRAMES), token, jpeg)
    except OSError as error:
        raise AnalysisError(AnalysisFailure.INTERNAL, "the frame could not be handed over") from error
    try:
        ask = _ask(hass, entity_id, task_name, words, frame_media_id(token), structure, limit_s)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(ask, hass.loop))
    finally:
        path.unlink(missing_ok=True)


def forget_frames(hass: HomeAssistant) -> None:
    """Remove what a crash in the middle of a call left. Blocking."""
    folder = footage_path(hass, FRAMES)
    for path in tuple(folder.iterdir()) if folder.is_dir() else ():
        path.unlink(missing_ok=True)


async def _ask(
    hass: HomeAssistant,
    entity_id: str,
    task_name: str,
    words: str,
    media_id: str,
    structure: probatio.Schema,
    limit_s: float,
) -> Any:
    """On the home's event loop."""
    # Late: ai_task is there only where the parent uses it.
    from homeassistant.components.ai_task import async_generate_data  # noqa: PLC0415

    state = hass.states.get(entity_id)
    if state is None or state.state == "unavailable":
        raise AnalysisError(AnalysisFailure.PROVIDER_OFF, "the AI task entity is unavailable")
    ask = partial(
        async_generate_data,
        hass,
        task_name=task_name,
        entity_id=entity_id,
        instructions=words,
        structure=structure,
        attachments=[{"media_content_id": media_id, "media_content_type": "image/jpeg"}],
    )
    try:
        async with asyncio.timeout(limit_s):
            return (await ask()).data
    except TimeoutError:
        raise AnalysisError(AnalysisFailure.TIMEOUT, f"no answer within {limit_s:g} s") from None
    except HomeAssistantError as error:
        raise _told(error) from None


def _told(error: HomeAssistantError) -> AnalysisError:
    """The failure that the words of another integration tell. Nothing of them is chained: they may hold a key."""
    detail = plain(redact(str(error)[:2000]), _DETAIL_MAX)
    words = detail.lower()
    for marks, failure, remedy in _TOLD:
        if any(mark in words for mark in marks):
            return AnalysisError(failure, detail, remedy=remedy)
    return AnalysisError(AnalysisFailure.REQUEST_REJECTED, detail)
