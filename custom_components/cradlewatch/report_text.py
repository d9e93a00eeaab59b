"""Incidents as lines that a parent can read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .engine.models import MonitorEvent, Phase
from .phrases import words_of

TEXT_MAX = 2000


def incident_lines(hass: HomeAssistant, events: Sequence[MonitorEvent], name: str) -> str:
    """How often what was raised, then each with its time; empty where nothing was."""
    lines = []
    for event in events:
        at = dt_util.as_local(event.started_at).strftime("%H:%M:%S")
        # What happened, not that it is over.
        said = words_of(hass, replace(event, phase=Phase.OPENED), name)
        lines.append(f"{at} {said.title}")
    counted = Counter(event.kind.value for event in events)
    head = ", ".join(f"{kind}: {number}" for kind, number in counted.most_common())
    return "\n".join([head, *lines])[:TEXT_MAX] if lines else ""
