"""The answer of a model to a frame check: asked for, validated, and turned into a Verdict. Pure.

Facts come before the judgement, since a model writes in this order. Bounds of texts are not part of the schema that
goes out: an answer that is too long is cut, one that is wrong is refused.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..errors import AnalysisError, AnalysisFailure, Remedy
from ..models import EventKind, Posture, Severity, SkillCategory, Usage, Verdict
from .jobs import CheckRequest
from .text import ACTION_MAX, CONCERN_MAX, CONCERNS_MAX, DESCRIPTION_MAX, TITLE_MAX, WORD_MAX, plain, plain_or_none

ANSWER_MAX_CHARS = 20_000
"""A longer answer is none: 30 times what is asked for."""
SURE_ENOUGH = 0.4
"""A "safe" of less confidence is not believed."""


type Seen = Literal["yes", "no", "unknown"]
type Level = Literal["safe", "info", "warning", "danger", "unknown"]
type Hazard = Literal["none", "face_covered", "on_stomach", "climbing", "hazard"]
type Stance = Literal["on_back", "on_side", "on_stomach", "sitting", "standing", "crawling", "held", "unknown"]
type Development = Literal["none", "gross_motor", "fine_motor", "cognition", "language", "social_emotional"]

_KNOWN: dict[str, bool] = {"yes": True, "no": False}


def _few(value: object) -> object:
    """Only the first concerns are looked at, however many come."""
    return value[:CONCERNS_MAX] if isinstance(value, list) else value


class CheckAnswer(BaseModel):
    """What is asked of the model. Unknown keys are ignored; a missing, mistyped or out-of-range one refuses it."""

    model_config = ConfigDict(extra="ignore", strict=False, hide_input_in_errors=True)

    child_in_view: Seen = Field(description="Is a child in the newest picture?")
    face_visible: Seen = Field(description="Are nose and mouth of the child seen free?")
    posture: Stance = Field(description="How the child lies, sits or stands")
    activity: str = Field(description="What the child does, in a few words")
    location: str = Field(description="Where the child is, in a few words")
    concerns: Annotated[list[str], BeforeValidator(_few)] = Field(description="What is or may become dangerous")
    hazard: Hazard = Field(description="The closest kind of a warning or danger")
    safety: Level = Field(description="Severity; unknown when in doubt")
    observation: str | None = Field(description="A development worth noting, else null")
    observation_category: Development = Field(description="Kind of the observation")
    title: str = Field(description="At most ten words")
    description: str = Field(description="Two or three sentences about what is seen")
    action_needed: str | None = Field(description="What an adult should do now, else null")
    confidence: float = Field(description="0 to 1", ge=0, le=1, allow_inf_nan=False)


def answer_schema() -> dict[str, Any]:
    """CheckAnswer without references: servers differ in following them, the SDK drops what is beside one."""
    schema = CheckAnswer.model_json_schema()
    kinds = schema.pop("$defs", {})
    for name, field in schema["properties"].items():
        if reference := field.pop("$ref", None):
            schema["properties"][name] = kinds[reference.rpartition("/")[2]] | field
    return schema


def parse_answer(text: str) -> CheckAnswer:
    """Validate the model's text.

    Raises:
        AnalysisError: EMPTY or UNREADABLE. The detail names fields, never the model's words.
    """
    if not text.strip():
        raise AnalysisError(AnalysisFailure.EMPTY, "the answer holds no text", remedy=Remedy.COUNT_UNREADABLE)
    if len(text) > ANSWER_MAX_CHARS:
        raise _unreadable(f"the answer is {len(text)} characters long")
    try:
        return CheckAnswer.model_validate_json(_unfenced(text))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:60]
        raise _unreadable(f"{where or 'answer'}: {first['type']}") from None


def verdict_of(
    answer: CheckAnswer, request: CheckRequest, *, provider: str, model: str, latency_s: float, usage: Usage
) -> Verdict:
    """The verdict, made plain, and unknown where the answer contradicts itself.

    A danger whose words are all markup stays one, without words.

    Raises:
        AnalysisError: UNREADABLE: no words are left of another answer.
    """
    category = answer.observation_category
    concerns = (plain(concern, CONCERN_MAX) for concern in answer.concerns)
    safety = _believed(answer, request)
    title, description = plain_or_none(answer.title, TITLE_MAX), plain_or_none(answer.description, DESCRIPTION_MAX)
    if not (title and description) and not _serious(safety):
        raise _unreadable("no words are left of title or description")
    return Verdict(
        provider=provider,
        model=model,
        taken_at=request.newest.taken_at,
        taken_at_s=request.newest.at_s,
        latency_s=latency_s,
        safety=safety,
        title=title,
        description=description,
        concerns=tuple(concern for concern in concerns if concern),
        hazard=None if answer.hazard == "none" else EventKind(answer.hazard),
        activity=plain_or_none(answer.activity, WORD_MAX),
        location=plain_or_none(answer.location, WORD_MAX),
        posture=Posture(answer.posture),
        face_visible=_KNOWN.get(answer.face_visible),
        child_in_view=_KNOWN.get(answer.child_in_view),
        observation=plain_or_none(answer.observation, DESCRIPTION_MAX),
        observation_category=None if category == "none" else SkillCategory(category),
        action_needed=plain_or_none(answer.action_needed, ACTION_MAX),
        confidence=answer.confidence,
        usage=usage,
    )


def _believed(answer: CheckAnswer, request: CheckRequest) -> Severity | None:
    """The severity that may be shown. An alarm is believed as it is; calm only where nothing speaks against it."""
    if answer.safety == "unknown":
        return None
    severity = Severity(answer.safety)
    if _serious(severity):
        return severity
    unseen = answer.child_in_view != "yes" or answer.confidence < SURE_ENOUGH
    contradicts = severity is Severity.SAFE and answer.hazard != "none"
    return None if unseen or contradicts or _leaves_open(answer, request) else severity


def _serious(severity: Severity | None) -> bool:
    return severity is not None and severity.rank >= Severity.WARNING.rank


def _leaves_open(answer: CheckAnswer, request: CheckRequest) -> bool:
    """True where calm cannot dismiss what a detector suspects: a face that is not seen is not a free face."""
    suspected = request.suspected
    if EventKind.FACE_COVERED in suspected and answer.face_visible != "yes":
        return True
    return EventKind.ON_STOMACH in suspected and answer.posture == "unknown"


def _unfenced(text: str) -> str:
    """The JSON inside a Markdown fence, which some models put around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3]
    return text


def _unreadable(detail: str) -> AnalysisError:
    return AnalysisError(AnalysisFailure.UNREADABLE, detail, remedy=Remedy.COUNT_UNREADABLE)
