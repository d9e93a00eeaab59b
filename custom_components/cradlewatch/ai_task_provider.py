"""The `ai_task` provider: any AI that Home Assistant itself knows, asked about the very frame that is judged.

Where there are several frames it is shown a strip of them: every such AI takes one picture, not all take more.
"""

import json
import time
from typing import Any, get_args

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import probatio

from .ai_task_call import async_ask
from .const import ProviderName
from .engine.analysis.jobs import CheckRequest
from .engine.analysis.prompt import context_text, instructions
from .engine.analysis.provider import ProviderCapabilities
from .engine.analysis.schema import CheckAnswer, parse_answer, verdict_of
from .engine.analysis.strip import MAX_FRAMES, StripFrame, contact_strip
from .engine.errors import AnalysisError, AnalysisFailure
from .engine.models import Usage, Verdict


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
    capabilities = ProviderCapabilities(images_max=MAX_FRAMES, structured_output=True)

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        self._hass = hass
        self._entity_id = entity_id
        self.model: str | None = entity_id

    async def check(self, request: CheckRequest) -> Verdict:
        """Judge the newest picture. Raises AnalysisError."""
        started_s = time.monotonic()
        words = (instructions(request.context.language), context_text(request), _how_to_read(request))
        data = await async_ask(
            self._hass,
            self._entity_id,
            task_name="cradlewatch frame check",
            words="\n\n".join(part for part in words if part),
            jpeg=_shown(request),
            structure=STRUCTURE,
            limit_s=request.timeout_s,
        )
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


def _shown(request: CheckRequest) -> bytes:
    """The very frame, or a strip of all."""
    if len(request.pictures) == 1:
        return request.newest.jpeg
    count = len(request.pictures)
    frames = [
        StripFrame(jpeg=picture.jpeg, label=f"{index}/{count}   {_before(request, picture.at_s)}")
        for index, picture in enumerate(request.pictures, 1)
    ]
    try:
        return contact_strip(frames)
    except OSError as error:
        raise AnalysisError(AnalysisFailure.NO_PICTURE, "a frame cannot be read") from error


def _before(request: CheckRequest, at_s: float) -> str:
    before_s = request.newest.at_s - at_s
    return f"{before_s:.0f} s before" if before_s > 0 else "newest"


def _how_to_read(request: CheckRequest) -> str:
    count = len(request.pictures)
    if count == 1:
        return ""
    return (
        f"The attachment is one picture that holds {count} frames in time order, left to right and then down, each "
        f"with its number and time above it. Judge frame {count}, the newest; the others show what went before it."
    )


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
