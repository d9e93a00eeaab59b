"""What entities show: one frozen state per crib and one of the home, told only when something changed."""

from dataclasses import dataclass, field
from datetime import datetime
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import DOMAIN
from .engine.models import Activity, Link, MonitorEvent, Severity, Sleep

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyView:
    """The safety state with what a parent wants to know about it. None is unknown."""

    safety: Severity | None = None
    reason: str | None = None
    """Why it is unknown."""
    attention: bool | None = None
    score: int | None = None
    judged_at: datetime | None = None
    provider: str | None = None
    title: str | None = None
    description: str | None = None
    concerns: tuple[str, ...] = ()
    action_needed: str | None = None
    posture: str | None = None
    child_in_view: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """The newest report."""

    at: datetime
    start: datetime
    end: datetime
    text: str
    score: int | None
    provider: str
    details: dict[str, Any] = field(default_factory=dict)
    """Plain values of a window's report, bounded; see report_view.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """The newest digest of an hour or a day."""

    at: datetime
    details: dict[str, Any] = field(default_factory=dict)
    """Plain values, bounded; see digest_view.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportProgress:
    """How far the newest window is."""

    stage: str
    """One of engine.windows.stages: closing, closed, sending, model, checking, done or failed."""
    window_start: datetime
    state: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CribState:
    """Everything that the entities of one crib show. Values are rounded: equal states write nothing."""

    link: Link = Link.CONNECTING
    link_reason: str | None = None
    privacy: bool = False
    ai_on: bool = True
    motion: bool | None = None
    occupancy: bool | None = None
    sound: bool | None = None
    crying: bool | None = None
    hears: bool | None = None
    """False where nothing can be heard; None until that is known."""
    deaf_reason: str | None = None
    """Why `hears` is False: the stream has no sound, or its sound has stopped."""
    sound_level_db: int | None = None
    """Level relative to full scale (0 is the loudest a microphone can tell), in steps of a decibel."""
    activity_level: int | None = None
    activity: Activity | None = None
    sleep: Sleep | None = None
    sleep_today_s: int | None = None
    confidence: int | None = None
    confidence_reason: str | None = None
    precision: tuple[tuple[str, float], ...] = ()
    """Share of real ones by kind, of the incidents that a parent judged."""
    second_source: str | None = None
    """`live`, or why the second source for detection delivers nothing; None where none is set."""
    frame_rate: float | None = None
    frame_lag_ms: int | None = None
    ai_latency_s: float | None = None
    safety: SafetyView = SafetyView()
    safety_score: int | None = None
    safety_score_rests_on: str | None = None
    """`report` (of the last ten-minute window) or `check` (of the last picture): the lower of the two."""
    last_event: MonitorEvent | None = None
    last_event_title: str | None = None
    report: ReportView | None = None
    report_progress: ReportProgress | None = None
    digest_hour: DigestView | None = None
    digest_day: DigestView | None = None

    @property
    def watching(self) -> bool:
        """True while what the detectors say is about now."""
        return not self.privacy and self.link is Link.LIVE

    @property
    def blind(self) -> bool:
        """True while detector entities have nothing to say: lost, private, stopped."""
        return self.privacy or self.link in (Link.LOST, Link.PRIVACY, Link.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeState:
    """What the entities of the home show. Counters are of the local day."""

    calls: int = 0
    failures: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    """None where a model without a price was used."""
    waiting: int = 0
    status: str = "off"
    reason: str | None = None
    """Why the status is not ok: a failure, or the limit that presses."""
    level: str = "full"
    limit: str | None = None
    ends_at: datetime | None = None
    """When the budget ends at the present pace, to the quarter of an hour; None: not today."""
    providers: tuple[tuple[str, str], ...] = ()
    """(name, state) in the order in which they are asked."""
    spared: int = 0
    refused: int = 0
    day_started_at: datetime | None = None


class CribCoordinator(DataUpdateCoordinator[CribState]):
    """Push coordinator of one crib."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, crib_id: str, name: str) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {name}")
        self.crib_id = crib_id
        self.data = CribState()

    @callback
    def push(self, state: CribState) -> None:
        """Show `state`; nothing happens where it equals the present one."""
        if state != self.data:
            self.async_set_updated_data(state)


class HomeCoordinator(DataUpdateCoordinator[HomeState]):
    """Push coordinator of the home."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} home")
        self.data = HomeState()

    @callback
    def push(self, state: HomeState) -> None:
        """Show `state`; nothing happens where it equals the present one."""
        if state != self.data:
            self.async_set_updated_data(state)
