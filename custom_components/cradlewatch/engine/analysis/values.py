"""Reports and answers as plain JSON, there and back: what a queue between processes carries (requests: `jobs.py`)."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..models import Verdict
from ..windows.report import WindowReport
from .report_jobs import ReportRequest


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Plain JSON."""
    return _plain(verdict)


def verdict_from_json(data: Mapping[str, Any]) -> Verdict:
    """The reverse. Raises ValueError: not such data."""
    return _made(Verdict, data)


def report_to_json(report: WindowReport) -> dict[str, Any]:
    """Plain JSON."""
    return _plain(report)


def report_from_json(data: Mapping[str, Any]) -> WindowReport:
    """The reverse. Raises ValueError: not such data."""
    return _made(WindowReport, data)


def report_request_to_json(request: ReportRequest, *, embed: bool = False) -> dict[str, Any]:
    """Plain JSON. The clip goes by its path, or with `embed` as base64 of its files.

    Raises:
        OSError: a file of the clip cannot be read.
    """
    data = _plain(request)
    if embed:
        path = request.clip.path
        files = [path] if request.clip.mp4 else sorted(path.glob("*.jpg"))
        data["media"] = {file.name: base64.b64encode(file.read_bytes()).decode() for file in files}
    return data


def report_request_from_json(data: Mapping[str, Any], media_folder: Path | None = None) -> ReportRequest:
    """The reverse. What was embedded is written into `media_folder` (the caller's to delete).

    Raises:
        ValueError: not such data, or media without a folder for them.
        OSError: the media cannot be written.
    """
    data = dict(data)
    media = data.pop("media", None)
    if media is None:
        return _made(ReportRequest, data)
    if media_folder is None:
        raise ValueError("the request carries its media: a folder for them is needed")
    target = media_folder / Path(data["clip"]["path"]).name
    folder = media_folder if data["clip"]["mp4"] else target
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in media.items():
        # Its name only: what comes over a wire never chooses a folder.
        (folder / Path(name).name).write_bytes(base64.b64decode(content))
    return _made(ReportRequest, data | {"clip": {**data["clip"], "path": str(target)}})


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = TypeAdapter(type(value)).dump_python(value, mode="json")
    return plain


def _made[T](kind: type[T], data: Mapping[str, Any]) -> T:
    try:
        made: T = TypeAdapter(kind).validate_python(dict(data))
    except ValidationError as error:
        # Not its own text: that quotes what came.
        raise ValueError(f"not a {kind.__name__}: {error.error_count()} faults") from None
    return made
