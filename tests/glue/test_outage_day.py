"""A day without the model, through a whole home: real camera thread, real wire, clocks that are put forward."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import partial
import logging
from pathlib import Path
import time
from typing import Any

import av
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch import checks, thread_keeper
from custom_components.cradlewatch.engine.models import EventKind, Severity, Signal
from custom_components.cradlewatch.engine.settings import CheckSettings, LoopSettings
from custom_components.cradlewatch.monitor import CribMonitor
from tests.glue.helpers import KEY
from tests.glue.homes import crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.glue.test_reports import ANSWER
from tests.glue.warp import Warp
from tests.servers.gemini import GeminiServer

STEP_S = 15
HOUR_S = 3600
GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
FAULTS = ("503", "reset", "500", "hang", "502_html", "429", "reset_mid", "200_html")
"""Three hours each."""


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def slow_video(media_folder: Path) -> Path:
    """A picture each five seconds, each of them whole: what a camera sends matters here, not how often."""
    path = media_folder / "slow.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(1, 5), options={"tune": "zerolatency", "g": "1"})
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for index in range(24):
            picture = np.full((90, 160, 3), 60, np.uint8)
            picture[20:45, 4 * index : 4 * index + 30] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


async def soon(check: Callable[[], bool], what: str) -> None:
    """As `until`, with closer looks: a day has thousands of steps."""
    for _ in range(20_000):
        if check():
            return
        await asyncio.sleep(0.002)
    raise AssertionError(what)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Ours, but for clips: a camera of a picture in 5 s, whose clock is put forward, leaves none in some."""
    rows = [row for row in caplog.records if row.levelno >= logging.WARNING and "cradle" in row.name]
    return [row.getMessage() for row in rows if "clip_desk" not in row.name]


class Day:
    """Drives one home through simulated time, and keeps what it showed."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, gemini: GeminiServer, warp: Warp) -> None:
        self.hass, self.entry, self.gemini, self.warp = hass, entry, gemini, warp
        self.monitor: CribMonitor = crib_of(entry)
        self.safety: list[tuple[str, str | None]] = []
        self.events: list[dict[str, Any]] = []
        self.links: set[str] = set()
        self.sent_by_day: Counter[str] = Counter()
        self.most_counted = 0
        self._safety_id = entity_id(hass, self.monitor.config.crib_id, "sensor", "safety")
        self._link_id = entity_id(hass, self.monitor.config.crib_id, "binary_sensor", "connectivity")
        hass.bus.async_listen("state_changed", self._seen)
        hass.bus.async_listen("cradlewatch_event", self._told)

    @callback
    def _seen(self, event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.entity_id == self._safety_id:
            self.safety.append((new.state, new.attributes.get("reason")))
        elif new is not None and new.entity_id == self._link_id:
            self.links.add(new.state)

    @callback
    def _told(self, event: Event) -> None:
        self.events.append(event.data)

    async def run(self, seconds: int, scenario: Any, *, incident: bool = False) -> None:
        """Let so much time pass; with an `incident`: two of the detectors' own, over half of it."""
        self.gemini.answer_with(scenario)
        self.gemini.reports_with = None if scenario == "ok" else scenario
        for active in (True, False) if incident else (None,):
            if active is not None:
                self._signal(EventKind.CRYING, Severity.WARNING, active=active)
                self._signal(EventKind.FACE_COVERED, Severity.DANGER, active=active)
            for _ in range(0, seconds // (2 if incident else 1), STEP_S):
                await self._step()

    def _signal(self, kind: EventKind, severity: Severity, *, active: bool) -> None:
        self.monitor._signal(Signal(kind=kind, active=active, at_s=time.monotonic(), severity=severity))

    async def _step(self) -> None:
        """The picture of the new time first, then all calls that it led to."""
        thread = self.monitor.threads.thread
        assert thread is not None
        seen, asked = thread.loop.figures().frames_total, self.gemini.checks_received
        self.warp.put_forward(STEP_S)
        await soon(lambda: thread.loop.figures().frames_total > seen, "the next picture")
        analyst, reports = self.entry.runtime_data.analyst, self.entry.runtime_data.reports
        await soon(lambda: not (self.monitor.checks._running or reports.caller.figures().in_flight), "the calls")
        # A call is counted on the day on which it is sent.
        self.sent_by_day[dt_util.now().date().isoformat()] += self.gemini.checks_received - asked
        figures = analyst.governor.figures(dt_util.now()).budget
        self.most_counted = max(self.most_counted, figures.calls)

    async def picture_is_fresh(self) -> None:
        picture = await self.monitor.async_picture(max_age_s=2 * STEP_S)
        assert picture is not None
        assert picture.jpeg[:2] == b"\xff\xd8"

    def of_kind(self, kind: str, phase: str) -> int:
        return sum(event["event_type"] == kind and event["phase"] == phase for event in self.events)


async def _home(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, patch: pytest.MonkeyPatch, options: dict[str, Any]
) -> Day:
    await hass.config.async_set_time_zone("Asia/Seoul")
    # The clock is put forward inside a callback: none of them was slow.
    hass.loop.slow_callback_duration = 3600.0
    warp = Warp(patch, datetime(2026, 11, 24, 20, 0, tzinfo=dt_util.get_default_time_zone()))
    # The camera's patience and the limit of a call are in real time here.
    patch.setattr(thread_keeper, "LoopSettings", partial(LoopSettings, stall_after_s=120.0))
    patch.setattr(thread_keeper, "_LOST_AFTER_S", 240.0)
    patch.setattr(checks, "CheckSettings", lambda: CheckSettings(timeout_s=2.0, picture_max_age_s=2.0 * STEP_S))
    gemini.report_answer = ANSWER
    gemini.answer_with("ok")
    entry = MockConfigEntry(
        domain="cradlewatch", title="Cradlewatch", data=GEMINI, options=options,
        subentries_data=[crib_data("Nursery", str(video), decode_always=True)],
    )  # fmt: skip
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    day = Day(hass, entry, gemini, warp)
    await live(hass, day.monitor)
    await until(lambda: crib_state(hass, day.monitor, "sensor", "safety").state == "safe", "a first verdict")
    return day


@pytest.mark.timeout(900)
async def test_a_day_of_outage(
    hass: HomeAssistant,
    slow_video: Path,
    gemini: GeminiServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.cradlewatch")
    day = await _home(hass, slow_video, gemini, monkeypatch, {})
    await day.run(HOUR_S // 2, "ok")
    assert gemini.reports, "windows are sent, too"
    caplog.clear()
    day.safety.clear()
    day.events.clear()

    asked = gemini.checks_received
    for hour in range(24):
        await day.run(HOUR_S, FAULTS[hour // 3], incident=True)
        await day.picture_is_fresh()
    sent = gemini.checks_received - asked
    assert 100 < sent <= 200, sent
    shown = [state for state, _ in day.safety]
    assert set(shown[shown.index("unknown") :]) == {"unknown"}, "safety says something that nobody said"
    assert all(reason for state, reason in day.safety if state == "unknown")
    assert day.links <= {"on"}, "the picture"
    for kind in ("crying", "face_covered"):
        assert (day.of_kind(kind, "opened"), day.of_kind(kind, "ended")) == (24, 24)
    assert day.of_kind("ai_unavailable", "opened") == 1
    lines = _warnings(caplog)
    assert len(lines) == 1, lines
    assert "gives no verdicts" in lines[0]
    assert KEY not in caplog.text

    caplog.clear()
    day.safety.clear()
    await day.run(HOUR_S // 2, "ok")
    assert crib_state(hass, day.monitor, "sensor", "safety").state == "safe"
    assert day.of_kind("ai_unavailable", "ended") == 1
    assert len([row for row in caplog.records if "answers again" in row.getMessage()]) == 1
    assert not _warnings(caplog)
    await leave(hass, day.entry)


@pytest.mark.timeout(900)
async def test_an_outage_costs_no_call_beyond_the_budget(
    hass: HomeAssistant, slow_video: Path, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 30
    day = await _home(hass, slow_video, gemini, monkeypatch, {"calls_per_day": limit, "urgent_share": 20})
    for hour in range(10):
        await day.run(HOUR_S, ("503", "reset")[hour % 2], incident=hour % 2 == 0)
    assert len(day.sent_by_day) == 2, "over a midnight"
    assert max(day.sent_by_day.values()) <= limit
    assert day.most_counted <= limit
    assert day.sent_by_day.total() > limit, "a new day is a new budget"
    await leave(hass, day.entry)
