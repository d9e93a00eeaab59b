"""A window understood by Gemini: one generateContent call with the clip inline; a text-only one to mend an answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..errors import AnalysisError, AnalysisFailure
from ..models import Usage
from ..windows.clip_writer import CLIP_FPS
from ..windows.digest import DigestDraft
from ..windows.report import WindowReport
from ..windows.stages import Stage
from .digest_schema import DigestAnswer, DigestRequest, digest_instructions, digest_text, draft_of
from .gemini import safety_settings, temperature, text_of, thinking, usage_of
from .outcome import analysis_error
from .provider import ReportAnswered, ReportJob
from .report_jobs import (
    REPAIR_MAX_CHARS,
    TEXT_TOKENS,
    RepairableError,
    RepairRequest,
    ReportRequest,
    estimated_tokens,
    repair_instructions,
    repair_text,
    report_context,
    report_instructions,
)
from .report_schema import ReportAnswer, ReportFacts, parse_report, report_of
from .sdk import gemini_client, types

if TYPE_CHECKING:
    from google.genai.types import GenerateContentConfig, GenerateContentResponse

_ANSWER_TOKENS = 8192
_RESOLUTIONS = {"low": "MEDIA_RESOLUTION_LOW", "medium": "MEDIA_RESOLUTION_MEDIUM"}

_CHARS_A_TOKEN = 3


class GeminiReporter:
    """Understands windows. Run its methods through `run_job` only: they do work that would hold an event loop."""

    name = "gemini"

    def __init__(self, api_key: str, model: str, on_stage: Callable[[Stage], None] | None = None) -> None:
        """`on_stage` is called in the job's thread as the call goes on."""
        self._api_key = api_key
        self._on_stage = on_stage or (lambda _stage: None)
        self.model = model.removeprefix("models/")

    def __repr__(self) -> str:
        return f"GeminiReporter(model={self.model!r})"

    def tokens(self, job: ReportJob) -> int:
        """Expected of the call, by the API's documented formula."""
        if isinstance(job, ReportRequest):
            clip, resolution = job.clip, job.media_resolution
            frames = len(clip.time_map.offsets_s)
            return estimated_tokens(frames, media_resolution=resolution, audio_s=clip.sound_s) + TEXT_TOKENS
        text = repair_text(job) if isinstance(job, RepairRequest) else digest_text(job)
        return len(text) // _CHARS_A_TOKEN + TEXT_TOKENS

    async def work(self, job: ReportJob) -> ReportAnswered:
        """Whatever the report lane carries. Raises AnalysisError."""
        if isinstance(job, ReportRequest):
            return await self.report(job)
        if isinstance(job, RepairRequest):
            return await self.repair(job)
        return await self.digest(job)

    async def report(self, request: ReportRequest) -> WindowReport:
        """Understand one window.

        Raises:
            AnalysisError: there is no report, whatever the cause; NO_PICTURE where its clip is gone from the disk,
                RepairableError where the answer is there but its form is broken.
        """
        started_s = time.monotonic()
        try:
            contents = _contents(request)
        except OSError as error:
            raise AnalysisError(AnalysisFailure.NO_PICTURE, f"the clip cannot be read ({error.strerror})") from None
        config = self._config(report_instructions(request.language), ReportAnswer)
        config.media_resolution = types().MediaResolution(_RESOLUTIONS[request.media_resolution])
        try:
            response = await self._ask(contents, config, request.timeout_s)
            text, usage = text_of(response), usage_of(response)
            facts = self._facts(request, usage, time.monotonic() - started_s)
            try:
                return report_of(parse_report(text), facts)
            except AnalysisError as error:
                if error.failure is not AnalysisFailure.UNREADABLE or len(text) > REPAIR_MAX_CHARS:
                    raise
                raise RepairableError(error.detail, text, usage) from None
        except Exception as error:  # noqa: BLE001 - every outcome has its row in the table; none may pass as another
            raise analysis_error(error, (self._api_key,)) from None

    async def repair(self, request: RepairRequest) -> WindowReport:
        """Put an answer into form by a call that sends its text and nothing else. Raises AnalysisError."""
        started_s = time.monotonic()
        config = self._config(repair_instructions(), ReportAnswer)
        try:
            response = await self._ask(_text_only(repair_text(request)), config, request.timeout_s)
            usage = added(request.usage, usage_of(response))
            facts = self._facts(request.report, usage, time.monotonic() - started_s)
            return replace(report_of(parse_report(text_of(response)), facts), repaired=True)
        except Exception as error:  # noqa: BLE001 - as above
            raise analysis_error(error, (self._api_key,)) from None

    async def digest(self, request: DigestRequest) -> DigestDraft:
        """Sum a day up in sentences that name what they rest on. Text only. Raises AnalysisError."""
        config = self._config(digest_instructions(request.language), DigestAnswer)
        try:
            response = await self._ask(_text_only(digest_text(request)), config, request.timeout_s)
            return draft_of(text_of(response), model=self.model, usage=usage_of(response))
        except Exception as error:  # noqa: BLE001 - as above
            raise analysis_error(error, (self._api_key,)) from None

    async def _ask(
        self, contents: list[Any], config: GenerateContentConfig, timeout_s: float
    ) -> GenerateContentResponse:
        told = False

        def sent() -> None:
            nonlocal told
            if not told:
                told = True
                self._on_stage(Stage.MODEL)

        async with gemini_client(self._api_key, timeout_s, sent) as client:
            response = await client.models.generate_content(model=self.model, contents=contents, config=config)
        # An answer that is there at once may be read before the request is known to have gone out.
        sent()
        self._on_stage(Stage.CHECKING)
        return response

    def _facts(self, request: ReportRequest, usage: Usage, latency_s: float) -> ReportFacts:
        return ReportFacts(
            window=request.window,
            time_map=request.clip.time_map,
            coverage=request.coverage,
            provider=self.name,
            model=self.model,
            made_at=datetime.now(UTC),
            usage=usage,
            latency_s=latency_s,
        )

    def _config(self, instructions: str, schema: type[BaseModel]) -> GenerateContentConfig:
        sdk = types()
        config: GenerateContentConfig = sdk.GenerateContentConfig(
            system_instruction=instructions,
            response_mime_type="application/json",
            response_schema=schema,
            max_output_tokens=_ANSWER_TOKENS,
            candidate_count=1,
            temperature=temperature(self.model),
            thinking_config=thinking(self.model),
            safety_settings=safety_settings(),
            automatic_function_calling=sdk.AutomaticFunctionCallingConfig(disable=True),
        )
        return config


def added(first: Usage, second: Usage) -> Usage:
    """The usage of two calls; what one of them did not say counts as nothing."""

    def both(one: int | None, other: int | None) -> int | None:
        return None if one is None and other is None else (one or 0) + (other or 0)

    return Usage(
        tokens_in=both(first.tokens_in, second.tokens_in), tokens_out=both(first.tokens_out, second.tokens_out)
    )


def _text_only(text: str) -> list[Any]:
    sdk = types()
    return [sdk.Content(role="user", parts=[sdk.Part.from_text(text=text)])]


def _contents(request: ReportRequest) -> list[Any]:
    """The clip as one video part at its own rate, or its pictures a second apart, each named by its second."""
    sdk = types()
    clip = request.clip
    parts = [sdk.Part.from_text(text=report_context(request))]
    if clip.mp4:
        video = sdk.Part.from_bytes(data=clip.path.read_bytes(), mime_type="video/mp4")
        # Set, though it is the default: the map of the clip rests on it.
        video.video_metadata = sdk.VideoMetadata(fps=float(CLIP_FPS))
        parts.append(video)
    else:
        for second, jpeg in enumerate(clip.jpegs()):
            parts.append(sdk.Part.from_text(text=f"{second} s"))
            parts.append(sdk.Part.from_bytes(data=jpeg, mime_type="image/jpeg"))
    return [sdk.Content(role="user", parts=parts)]
