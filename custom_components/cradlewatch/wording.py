"""Says in the language of the home what was noticed. A model's own words are passed on as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
import json
from pathlib import Path

from .engine.incident import PERSON
from .engine.models import EventKind, MonitorEvent, Phase, Severity, Status
from .engine.sleep_sessions import SleepSession

_FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("en", "ko")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTexts:
    """The words for one kind. Placeholders: {name} of the crib, {zone}. `line` reads after the name, in the logbook."""

    title: str
    description: str
    ended: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All words of one language."""

    incidents: Mapping[EventKind, IncidentTexts]
    zone_fallback: str
    dismissed: str
    dismissed_by_person: str
    statuses: Mapping[Status, str]
    severities: Mapping[Severity, str]
    providers: Mapping[str, str]
    reasons: Mapping[str, str]
    sleep: Mapping[str, str]
    answers: Mapping[str, str]
    alerts: Mapping[str, str]
    digest: Mapping[str, str]


@cache
def load_texts(language: str) -> Texts:
    """Words of `language` ("ko-KR" is Korean), English where there are none. Reads a file: once, in an executor."""
    short = language.partition("-")[0].lower()
    raw = json.loads((_FOLDER / f"{short if short in LANGUAGES else 'en'}.json").read_text("utf-8"))
    return Texts(
        incidents={EventKind(kind): IncidentTexts(**words) for kind, words in raw["incidents"].items()},
        zone_fallback=raw["zone_fallback"],
        dismissed=raw["dismissed"],
        dismissed_by_person=raw["dismissed_by_person"],
        statuses={Status(key): text for key, text in raw["statuses"].items()},
        severities={Severity(key): text for key, text in raw["severities"].items()},
        providers=raw["providers"],
        reasons=raw["reasons"],
        sleep=raw["sleep"],
        answers=raw["answers"],
        alerts=raw["alerts"],
        digest=raw["digest"],
    )


def words(event: MonitorEvent, name: str, texts: Texts) -> tuple[str, str]:
    """Title and description of `event` for the crib `name`.

    A dismissed incident says so in its description; an ended one says in its title that it is over.
    """
    local = texts.incidents[event.kind]
    zone = event.zone or texts.zone_fallback
    title = event.title or _fill(local.title, name, zone)
    description = event.description or _fill(local.description, name, zone)
    if event.status is Status.DISMISSED and (event.description is None or event.provider == PERSON):
        description = _dismissed(event, texts)
    if event.phase is Phase.ENDED:
        title = _fill(local.ended, name, zone) if event.end_reason is None else title
        if reason := texts.reasons.get(event.end_reason or ""):
            description = f"{description} ({reason})"
    return title, description


def line_words(event: MonitorEvent, texts: Texts) -> str:
    """What happened, as it reads after the crib's name: a model's own title, else our words for the kind."""
    if event.status is Status.DISMISSED:
        return _dismissed(event, texts)
    return event.title or _fill(texts.incidents[event.kind].line, "", event.zone or texts.zone_fallback)


def duration(span: timedelta, texts: Texts) -> str:
    """Hours and minutes in words."""
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return texts.sleep["hours_minutes"].replace("{h}", str(hours)).replace("{m}", str(minutes))


def sleep_words(session: SleepSession, now_at: datetime, name: str, texts: Texts) -> tuple[str, str]:
    """Summary and description of one sleep."""
    template = texts.sleep["going_on" if session.end_at is None else "description"]
    facts = {
        "{asleep}": duration(session.asleep(now_at), texts),
        "{longest}": duration(session.longest(now_at), texts),
        "{wakings}": str(session.wakings),
    }
    for mark, value in facts.items():
        template = template.replace(mark, value)
    return texts.sleep["summary"].replace("{name}", name), template


def _dismissed(event: MonitorEvent, texts: Texts) -> str:
    return texts.dismissed_by_person if event.provider == PERSON else texts.dismissed


def _fill(template: str, name: str, zone: str) -> str:
    # Not str.format: a name with braces in it is a name.
    return template.replace("{zone}", zone).replace("{name}", name)
