"""Requests as values: frozen, and to and from plain JSON, so that a worker outside Home Assistant can run them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..models import Activity, EventKind, Picture, Severity, Sleep

MAX_PICTURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFindings:
    """What the detectors know at the time of the picture. None: not known."""

    activity: Activity | None = None
    motion: bool | None = None
    occupancy: bool | None = None
    sound: bool | None = None
    crying: bool | None = None
    sleep: Sleep | None = None
    visible: bool = True
    """False while the lens is covered, the room too dark or the picture frozen."""
    infrared: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierVerdict:
    """One of the last verdicts, told to the next prompt. The words are a model's: bounded, plain."""

    minutes_ago: int
    safety: Severity | None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What helps to judge a picture. No names of people."""

    language: str = "en"
    """Language of the home: the answer comes in it."""
    age_months: int | None = None
    local_time: datetime | None = None
    """Wall clock of the home at the newest picture, with its zone."""
    findings: LocalFindings = LocalFindings()
    room: tuple[tuple[str, str], ...] = ()
    """Readings that the parent picked: (name, value with unit)."""
    persons_home: int | None = None
    dangerous_states: tuple[str, ...] = ()
    """States which make a place dangerous, in plain words: "stove on"."""
    rules: tuple[str, ...] = ()
    """The parent's own rules in plain words."""
    earlier: tuple[EarlierVerdict, ...] = ()
    """Up to three, oldest first."""
    feedback: tuple[str, ...] = ()
    """What the parent said of earlier findings, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """One frame check. The verdict is about the last of `pictures`; they are in time order."""

    crib_id: str
    pictures: tuple[Picture, ...]
    context: CheckContext = CheckContext()
    urgent: bool = False
    suspected: tuple[EventKind, ...] = ()
    timeout_s: float = 20.0
    """Limit on the whole call."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.pictures) <= MAX_PICTURES:
            raise ValueError(f"a check takes 1 to {MAX_PICTURES} pictures")
        times_s = [picture.at_s for picture in self.pictures]
        if times_s != sorted(times_s):
            raise ValueError("pictures must be in time order")

    @property
    def newest(self) -> Picture:
        """The picture that is judged."""
        return self.pictures[-1]

    def joined_with(self, older: CheckRequest) -> CheckRequest:
        """This request, with what an older urgent one of the same crib was still to look for."""
        if not older.urgent:
            return self
        suspected = tuple(dict.fromkeys((*older.suspected, *self.suspected)))
        return replace(self, urgent=True, suspected=suspected)


def request_to_json(request: CheckRequest, media_folder: Path | None = None) -> dict[str, Any]:
    """Plain JSON. Pictures go as base64, or as files in `media_folder` (the caller's to delete)."""
    return {
        "crib_id": request.crib_id,
        "pictures": [
            _picture_to_json(picture, None if media_folder is None else media_folder / f"{index}.jpg")
            for index, picture in enumerate(request.pictures)
        ],
        "context": context_to_json(request.context),
        "urgent": request.urgent,
        "suspected": [kind.value for kind in request.suspected],
        "timeout_s": request.timeout_s,
    }


def request_from_json(data: Mapping[str, Any]) -> CheckRequest:
    """The reverse of `request_to_json`.

    Raises:
        KeyError, ValueError, TypeError: not such data.
        OSError: a picture's file cannot be read.
    """
    return CheckRequest(
        crib_id=data["crib_id"],
        pictures=tuple(_picture_from_json(item) for item in data["pictures"]),
        context=context_from_json(data["context"]),
        urgent=data["urgent"],
        suspected=tuple(EventKind(kind) for kind in data["suspected"]),
        timeout_s=data["timeout_s"],
    )


def _picture_to_json(picture: Picture, path: Path | None) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "size_wh": list(picture.size_wh),
        "at_s": picture.at_s,
        "taken_at": picture.taken_at.isoformat(),
    }
    if path is None:
        return plain | {"jpeg": base64.b64encode(picture.jpeg).decode()}
    path.write_bytes(picture.jpeg)
    return plain | {"path": str(path)}


def _picture_from_json(data: Mapping[str, Any]) -> Picture:
    jpeg = Path(data["path"]).read_bytes() if "path" in data else base64.b64decode(data["jpeg"])
    width, height = data["size_wh"]
    return Picture(
        jpeg=jpeg, size_wh=(width, height), at_s=data["at_s"], taken_at=datetime.fromisoformat(data["taken_at"])
    )


def context_to_json(context: CheckContext) -> dict[str, Any]:
    """Plain JSON of the context."""
    found = context.findings
    return {
        "language": context.language,
        "age_months": context.age_months,
        "local_time": context.local_time.isoformat() if context.local_time else None,
        "findings": {
            "activity": found.activity,
            "motion": found.motion,
            "occupancy": found.occupancy,
            "sound": found.sound,
            "crying": found.crying,
            "sleep": found.sleep,
            "visible": found.visible,
            "infrared": found.infrared,
        },
        "room": [list(pair) for pair in context.room],
        "persons_home": context.persons_home,
        "dangerous_states": list(context.dangerous_states),
        "rules": list(context.rules),
        "earlier": [
            {"minutes_ago": item.minutes_ago, "safety": item.safety, "title": item.title} for item in context.earlier
        ],
        "feedback": list(context.feedback),
    }


def context_from_json(data: Mapping[str, Any]) -> CheckContext:
    """The reverse of `context_to_json`; raises as `request_from_json`."""
    found = dict(data["findings"])
    activity, sleep = found.pop("activity"), found.pop("sleep")
    return CheckContext(
        language=data["language"],
        age_months=data["age_months"],
        local_time=datetime.fromisoformat(data["local_time"]) if data["local_time"] else None,
        findings=LocalFindings(
            activity=None if activity is None else Activity(activity),
            sleep=None if sleep is None else Sleep(sleep),
            **found,
        ),
        room=tuple((name, value) for name, value in data["room"]),
        persons_home=data["persons_home"],
        dangerous_states=tuple(data["dangerous_states"]),
        rules=tuple(data["rules"]),
        earlier=tuple(
            EarlierVerdict(
                minutes_ago=item["minutes_ago"],
                safety=None if item["safety"] is None else Severity(item["safety"]),
                title=item["title"],
            )
            for item in data["earlier"]
        ),
        feedback=tuple(data["feedback"]),
    )
