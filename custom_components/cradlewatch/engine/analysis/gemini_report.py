"""A window understood by Gemini: one generateContent call with the clip inline."""

from datetime import UTC, datetime
import time
from typing import TYPE_CHECKING, Any

from ..errors import AnalysisError, AnalysisFailure
from ..windows.clip_writer import CLIP_FPS
from ..windows.report import WindowReport
from .gemini import safety_settings, temperature, text_of, thinking, usage_of
from .outcome import analysis_error
from .report_jobs import (
    TEXT_TOKENS,
    ReportRequest,
    estimated_tokens,
    report_context,
    report_instructions,
)
from .report_schema import ReportAnswer, ReportFacts, parse_report, report_of
from .sdk import gemini_client, types

if TYPE_CHECKING:
    from google.genai.types import GenerateContentConfig

_ANSWER_TOKENS = 8192
_RESOLUTIONS = {"low": "MEDIA_RESOLUTION_LOW", "medium": "MEDIA_RESOLUTION_MEDIUM"}


class GeminiReporter:
    """Understands windows. Run `report` through `run_job` only: it does work that would hold an event loop."""

    name = "gemini"

    def __init__(self, api_key: str, model: str) -> None:
        self._api_key = api_key
        self.model = model.removeprefix("models/")

    def __repr__(self) -> str:
        return f"GeminiReporter(model={self.model!r})"

    def tokens(self, request: ReportRequest) -> int:
        """Expected of the call, by the API's documented formula."""
        frames = len(request.clip.time_map.offsets_s)
        return estimated_tokens(frames, media_resolution=request.media_resolution) + TEXT_TOKENS

    async def report(self, request: ReportRequest) -> WindowReport:
        """Understand one window.

        Raises:
            AnalysisError: there is no report, whatever the cause; NO_PICTURE where its clip is gone from the disk.
        """
        started_s = time.monotonic()
        try:
            contents = _contents(request)
        except OSError as error:
            raise AnalysisError(AnalysisFailure.NO_PICTURE, f"the clip cannot be read ({error.strerror})") from None
        try:
            async with gemini_client(self._api_key, request.timeout_s) as client:
                response = await client.models.generate_content(
                    model=self.model, contents=contents, config=self._config(request)
                )
            facts = ReportFacts(
                window=request.window,
                time_map=request.clip.time_map,
                coverage=request.coverage,
                provider=self.name,
                model=self.model,
                made_at=datetime.now(UTC),
                usage=usage_of(response),
                latency_s=time.monotonic() - started_s,
            )
            return report_of(parse_report(text_of(response)), facts)
        except Exception as error:  # noqa: BLE001 - every outcome has its row in the table; none may pass as another
            raise analysis_error(error, (self._api_key,)) from None

    def _config(self, request: ReportRequest) -> GenerateContentConfig:
        sdk = types()
        config: GenerateContentConfig = sdk.GenerateContentConfig(
            system_instruction=report_instructions(request.language),
            response_mime_type="application/json",
            response_schema=ReportAnswer,
            max_output_tokens=_ANSWER_TOKENS,
            candidate_count=1,
            temperature=temperature(self.model),
            media_resolution=_RESOLUTIONS[request.media_resolution],
            thinking_config=thinking(self.model),
            safety_settings=safety_settings(),
            automatic_function_calling=sdk.AutomaticFunctionCallingConfig(disable=True),
        )
        return config


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
