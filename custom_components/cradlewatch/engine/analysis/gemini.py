"""The `gemini` provider: one generateContent call by google-genai for each check. No state but key and model."""

import time
from typing import TYPE_CHECKING, Any

from ..errors import AnalysisError, AnalysisFailure, Remedy
from ..models import Usage, Verdict
from .jobs import CheckRequest
from .outcome import analysis_error
from .prompt import caption, context_text, instructions
from .provider import ProviderCapabilities
from .schema import answer_schema, parse_answer, verdict_of
from .sdk import gemini_client, types

if TYPE_CHECKING:
    from google.genai.types import GenerateContentConfig, GenerateContentResponse

_ANSWER_TOKENS = 2048
"""Three times what an answer in Korean takes; a little thinking counts too."""
_TEMPERATURE = 0.2
_HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
_BLOCKED = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE")


class GeminiProvider:
    """Judges pictures by Google's Gemini API.

    Making one loads the SDK (a second of work): executor threads only.
    """

    name = "gemini"
    capabilities = ProviderCapabilities(images_max=3, video=True, audio=True, structured_output=True, token_counts=True)

    def __init__(self, api_key: str, model: str) -> None:
        types()
        self._api_key = api_key
        self.model: str | None = model.removeprefix("models/")
        self._think = True

    def __repr__(self) -> str:
        return f"GeminiProvider(model={self.model!r})"

    async def check(self, request: CheckRequest) -> Verdict:
        """Judge the newest picture. Run it through `run_job` only: it does work that would hold an event loop.

        Raises:
            AnalysisError: see `outcome.py`; also BLOCKED, TRUNCATED, EMPTY, UNREADABLE for answers that are none.
        """
        started_s = time.monotonic()
        try:
            async with gemini_client(self._api_key, request.timeout_s) as client:
                response = await client.models.generate_content(
                    model=self._model, contents=_contents(request), config=self._config(request)
                )
            text = text_of(response)
            return verdict_of(
                parse_answer(text),
                request,
                provider=self.name,
                model=self._model,
                latency_s=time.monotonic() - started_s,
                usage=usage_of(response),
            )
        except Exception as error:  # noqa: BLE001 - every outcome has its row in the table; none may pass as another
            failure = analysis_error(error, (self._api_key,))
            self._learn(failure)
            raise failure from None

    async def aclose(self) -> None:
        """Nothing outlives a call."""

    @property
    def _model(self) -> str:
        return self.model or ""

    def _learn(self, failure: AnalysisError) -> None:
        """A model that refuses its thinking setting is not asked for one again."""
        if failure.failure is AnalysisFailure.REQUEST_REJECTED and "thinking" in failure.detail.lower():
            self._think = False

    def _config(self, request: CheckRequest) -> GenerateContentConfig:
        sdk = types()
        config: GenerateContentConfig = sdk.GenerateContentConfig(
            system_instruction=instructions(request.context.language),
            response_mime_type="application/json",
            response_schema=answer_schema(),
            max_output_tokens=_ANSWER_TOKENS,
            candidate_count=1,
            temperature=temperature(self._model),
            # What cannot be told at this size is worth its tokens only where danger is suspected.
            media_resolution="MEDIA_RESOLUTION_HIGH" if request.urgent else "MEDIA_RESOLUTION_MEDIUM",
            thinking_config=thinking(self._model) if self._think else None,
            safety_settings=safety_settings(),
            automatic_function_calling=sdk.AutomaticFunctionCallingConfig(disable=True),
        )
        return config


def _contents(request: CheckRequest) -> list[Any]:
    sdk = types()
    parts = [sdk.Part.from_text(text=context_text(request))]
    for index, picture in enumerate(request.pictures):
        parts.append(sdk.Part.from_text(text=caption(request, index)))
        parts.append(sdk.Part.from_bytes(data=picture.jpeg, mime_type="image/jpeg"))
    return [sdk.Content(role="user", parts=parts)]


def temperature(model: str) -> float | None:
    """Low; Gemini 3 is left at its own, below which its makers warn of loops."""
    return None if model.startswith("gemini-3") else _TEMPERATURE


def thinking(model: str) -> Any:
    """The least thinking that the model's family allows, None where none is to be asked for."""
    sdk = types()
    if model.startswith("gemini-2.5-pro"):
        return sdk.ThinkingConfig(thinking_budget=128)
    if model.startswith("gemini-2.5"):
        return sdk.ThinkingConfig(thinking_budget=0)
    if model.startswith("gemini-3"):
        return sdk.ThinkingConfig(thinking_level="LOW")
    return None


def safety_settings() -> list[Any]:
    """Nothing adjustable is filtered: a child without clothes or in danger is just what must be answered."""
    sdk = types()
    return [sdk.SafetySetting(category=f"HARM_CATEGORY_{harm}", threshold="BLOCK_NONE") for harm in _HARMS]


def usage_of(response: GenerateContentResponse) -> Usage:
    """Tokens as billed: thoughts are output."""
    counted = response.usage_metadata
    if counted is None:
        return Usage()
    out = [n for n in (counted.candidates_token_count, counted.thoughts_token_count) if n is not None]
    return Usage(tokens_in=counted.prompt_token_count, tokens_out=sum(out) if out else None)


def text_of(response: GenerateContentResponse) -> str:
    """The whole answer: parts joined, thoughts left out.

    Raises:
        AnalysisError: BLOCKED, TRUNCATED, EMPTY or UNREADABLE; half an answer is no answer.
    """
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        raise _no_answer(AnalysisFailure.BLOCKED, f"the picture was refused ({_name(feedback.block_reason)})")
    if not response.candidates:
        raise _no_answer(AnalysisFailure.EMPTY, "the answer holds no candidate")
    candidate = response.candidates[0]
    finish = _name(candidate.finish_reason)
    if finish == "MAX_TOKENS":
        raise _no_answer(AnalysisFailure.TRUNCATED, "the answer was cut at its token limit")
    if finish in _BLOCKED:
        raise _no_answer(AnalysisFailure.BLOCKED, f"the answer was withheld ({finish})")
    if finish != "STOP":
        raise _no_answer(AnalysisFailure.UNREADABLE, f"the answer ended with {finish[:40]}")
    parts = (candidate.content.parts if candidate.content else None) or []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _name(value: object) -> str:
    """Name of an SDK enum member; unknown ones are kept as they came."""
    return str(getattr(value, "value", value) or "none")


def _no_answer(failure: AnalysisFailure, detail: str) -> AnalysisError:
    return AnalysisError(failure, detail, remedy=Remedy.COUNT_UNREADABLE)
