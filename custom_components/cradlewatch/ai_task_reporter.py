"""Windows understood by an AI task entity: it is shown a strip of the window's frames and answers in the same form."""

from datetime import UTC, datetime
import json
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import Selector, selector
import probatio

from .ai_task_call import async_ask
from .const import ProviderName
from .engine.analysis.provider import ReportAnswered, ReportJob
from .engine.analysis.report_jobs import TEXT_TOKENS, ReportRequest, report_context, report_instructions
from .engine.analysis.report_schema import ReportAnswer, ReportFacts, parse_report, report_of
from .engine.analysis.report_strip import how_to_read, window_strip
from .engine.errors import AnalysisError, AnalysisFailure
from .engine.models import Usage
from .engine.windows.report import WindowReport

_STRIP_TOKENS = 1600
"""About what vision models take for one picture of this size."""


class AiTaskReporter:
    """Understands windows. `report` runs in an executor thread, as every reporter's, and hops to the event loop."""

    name = ProviderName.AI_TASK.value

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        self._hass = hass
        self.model = entity_id

    def tokens(self, job: ReportJob) -> int:
        """Expected of the call; an AI task tells no count."""
        return _STRIP_TOKENS + TEXT_TOKENS

    async def work(self, job: ReportJob) -> ReportAnswered:
        """Windows only. Raises AnalysisError."""
        if isinstance(job, ReportRequest):
            return await self.report(job)
        raise AnalysisError(AnalysisFailure.PROVIDER_OFF, "an AI task is asked for windows only")

    async def report(self, request: ReportRequest) -> WindowReport:
        """Understand one window. Raises AnalysisError."""
        started_s = time.monotonic()
        jpeg, seconds = window_strip(request.clip)
        data = await async_ask(
            self._hass,
            self.model,
            task_name="cradlewatch window report",
            words="\n\n".join((report_instructions(request.language), report_context(request), how_to_read(seconds))),
            jpeg=jpeg,
            structure=report_structure(),
            limit_s=request.timeout_s,
        )
        facts = ReportFacts(
            window=request.window,
            time_map=request.clip.time_map,
            coverage=request.coverage,
            provider=self.name,
            model=self.model,
            made_at=datetime.now(UTC),
            usage=Usage(),
            latency_s=time.monotonic() - started_s,
        )
        return report_of(parse_report(data if isinstance(data, str) else json.dumps(data, default=str)), facts)


def report_structure() -> probatio.Schema:
    """The form of a report's answer, as an AI task is told it."""
    schema = ReportAnswer.model_json_schema()
    kinds = schema.get("$defs", {})
    return probatio.Schema(
        {
            probatio.Required(name, description=field.get("description")): _selector(field, kinds)
            for name, field in schema["properties"].items()
        }
    )


def _selector(field: dict[str, Any], kinds: dict[str, Any]) -> Selector[Any]:
    return selector(_config(field, kinds))


def _config(field: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    """One field of a JSON schema as a selector's configuration."""
    found = _named(field, kinds)
    if "enum" in found:
        return {"select": {"options": list(found["enum"])}}
    match found.get("type"):
        case "array":
            items = _named(found["items"], kinds)
            if items.get("type") == "object":
                return {"object": {"multiple": True, "fields": _fields(items, kinds)}}
            # Of numbers, too: those of a text are read as such.
            return {"text": {"multiple": True}}
        case "boolean":
            return {"boolean": {}}
        case "number" | "integer":
            return {"number": {"mode": "box", "step": "any"}}
        case _:
            return {"text": {}}


def _fields(schema: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"required": True, "label": field.get("description", name), "selector": _config(field, kinds)}
        for name, field in schema["properties"].items()
    }


def _named(field: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    """The field, or what it refers to."""
    while reference := field.get("$ref"):
        field = kinds[reference.rpartition("/")[2]]
    return field
