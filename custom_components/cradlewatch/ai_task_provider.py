"""The `ai_task` provider: any AI that Home Assistant itself knows, asked about the very frame that is judged."""

import asyncio
from functools import partial
import json
from pathlib import Path
import time
from typing import Any, get_args
import uuid

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import probatio

from .const import ProviderName
from .engine.analysis.jobs import CheckRequest
from .engine.analysis.prompt import context_text, instructions
from .engine.analysis.provider import ProviderCapabilities
from .engine.analysis.schema import CheckAnswer, parse_answer, verdict_of
from .engine.analysis.text import plain
from .engine.errors import AnalysisError, AnalysisFailure
from .engine.models import Usage, Verdict
from .media_source import frame_media_id
from .snapshots import FRAMES, save_snapshot
from .storage import footage_path


def _one_of(name: str) -> SelectSelector:
    """The choices of a field of the answer, as its own schema gives them."""
    kind = CheckAnswer.model_fields[name].annotation
    choices = get_args(getattr(kind, "__value__", kind))
    return SelectSelector(SelectSelectorConfig(options=list(choices)))


# The facts before the judgement, as in the schema of our own providers.
STRUCTURE = probatio.Schema(
    {
        probatio.Required("child_in_view", description="Is a child in the picture?"): _one_of("child_in_view"),
        probatio.Required("face_visible", description="Are nose and mouth seen free?"): _one_of("face_visible"),
        probatio.Required("posture"): _one_of("posture"),
        probatio.Required("activity", description="What the child does, in a few words"): TextSelector(),
        probatio.Required("location", description="Where the child is, in a few words"): TextSelector(),
        probatio.Required("concerns", description="What is or may become dangerous; empty where nothing is"): (
            TextSelector()
        ),
        probatio.Required("hazard"): _one_of("hazard"),
        probatio.Required("safety"): _one_of("safety"),
        probatio.Required("title", description="At most ten words"): TextSelector(),
        probatio.Required("description", description="Two or three sentences"): TextSelector(),
        probatio.Optional("action_needed", description="What an adult should do now"): TextSelector(),
        probatio.Optional("observation", description="A development worth noting"): TextSelector(),
        probatio.Required("confidence", description="0 to 1"): NumberSelector(
            NumberSelectorConfig(min=0, max=1, step=0.01)
        ),
    }
)


class AiTaskProvider:
    """Asks an AI task entity. `check` runs in an executor thread, as every provider's, and hops to the event loop."""

    name = ProviderName.AI_TASK.value
    capabilities = ProviderCapabilities(structured_output=True)

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        self._hass = hass
        self._entity_id = entity_id
        self.model: str | None = entity_id

    async def check(self, request: CheckRequest) -> Verdict:
        """Judge the newest picture. Raises AnalysisError."""
        started_s = time.monotonic()
        folder = footage_path(self._hass, FRAMES)
        token = uuid.uuid4().hex
        asked = f"{instructions(request.context.language)}\n\n{context_text(request)}"
        # This is an executor thread: files may be written here, and its own loop waits for the home's.
        path = _write(folder, token, request.newest.jpeg)
        try:
            future = asyncio.run_coroutine_threadsafe(
                self._ask(asked, frame_media_id(token), request.timeout_s), self._hass.loop
            )
            data = await asyncio.wrap_future(future)
        finally:
            path.unlink(missing_ok=True)
        return verdict_of(
            parse_answer(json.dumps(_filled(data), default=str)),
            request,
            provider=self.name,
            model=self._entity_id,
            latency_s=time.monotonic() - started_s,
            usage=Usage(),
        )

    async def aclose(self) -> None:
        """Nothing outlives a call."""

    async def _ask(self, asked: str, media_id: str, limit_s: float) -> Any:
        """On the home's event loop."""
        # Late: ai_task is there only where the parent uses it.
        from homeassistant.components.ai_task import async_generate_data  # noqa: PLC0415

        state = self._hass.states.get(self._entity_id)
        if state is None or state.state == "unavailable":
            raise AnalysisError(AnalysisFailure.PROVIDER_OFF, "the AI task entity is unavailable")
        ask = partial(
            async_generate_data,
            self._hass,
            task_name="cradlewatch frame check",
            entity_id=self._entity_id,
            instructions=asked,
            structure=STRUCTURE,
            attachments=[{"media_content_id": media_id, "media_content_type": "image/jpeg"}],
        )
        try:
            async with asyncio.timeout(limit_s):
                return (await ask()).data
        except TimeoutError as error:
            raise AnalysisError(AnalysisFailure.TIMEOUT, f"no answer within {limit_s:g} s") from error
        except HomeAssistantError as error:
            raise AnalysisError(AnalysisFailure.REQUEST_REJECTED, plain(str(error), 200)) from error


def _write(folder: Path, token: str, jpeg: bytes) -> Path:
    try:
        return save_snapshot(folder, token, jpeg)
    except OSError as error:
        raise AnalysisError(AnalysisFailure.INTERNAL, "the frame could not be handed over") from error


def _filled(data: Any) -> Any:
    """The answer with what its schema cannot say: lists, and what was left out."""
    if not isinstance(data, dict):
        return data
    concerns = data.get("concerns")
    return (
        {"action_needed": None, "observation": None, "observation_category": "none"}
        | data
        | {"concerns": [concerns] if isinstance(concerns, str) and concerns.strip() else concerns or []}
    )
