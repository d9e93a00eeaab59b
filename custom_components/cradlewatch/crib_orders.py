"""What a person, an entity or an action wants of a crib, and what of it is kept. A part of `CribMonitor`."""

from collections.abc import Sequence
from datetime import datetime
import time
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .bridge import FrameThread
from .const import DOMAIN
from .cribs import CribConfig
from .engine.analysis.feedback import Label
from .engine.models import (
    EventKind,
    Link,
    LinkState,
    MonitorEvent,
    Severity,
    Signal,
    Sleep,
    Verdict,
)
from .engine.safety import SafetyJudge
from .engine.store import Store, StoredEvent
from .engine.tracker import IncidentTracker
from .feedback_desk import FeedbackDesk, FeedbackResult
from .insight import Insight
from .state import StateKeeper
from .storage import AsyncStore, SwitchMemory
from .thread_keeper import ThreadKeeper

if TYPE_CHECKING:
    from .checks import CheckDesk
    from .window_keeper import WindowKeeper


class CribOrders:
    """Event loop only."""

    config: CribConfig
    checks: CheckDesk
    feedback: FeedbackDesk
    insight: Insight
    judge: SafetyJudge
    keeper: StateKeeper
    threads: ThreadKeeper
    tracker: IncidentTracker
    windows: WindowKeeper
    _lost: bool
    _store: AsyncStore
    _switches: SwitchMemory

    if TYPE_CHECKING:

        @property
        def _thread(self) -> FrameThread | None: ...
        def _publish(self, events: Sequence[MonitorEvent]) -> None: ...
        def _signal(self, signal: Signal) -> None: ...

    async def async_set_privacy(self, on: bool) -> None:
        """Turn the camera off or on for good: no connection, no picture kept, remembered over restarts."""
        if on == self.keeper.state.privacy:
            return
        self.keeper.set_switches(privacy=on, ai_on=self.keeper.state.ai_on)
        if self._thread is not None:
            self._thread.loop.set_privacy(on)
        if on:
            self.checks.cancel()
            now_s = time.monotonic()
            self._lost = False
            self.windows.link_changed(LinkState(link=Link.PRIVACY, since_s=now_s))
            self._publish(self.tracker.end_all("privacy", dt_util.utcnow(), now_s))
            self.judge.on_link(LinkState(link=Link.PRIVACY, since_s=now_s))
        self.keeper.refresh()
        await self._remember()

    async def async_set_ai(self, on: bool) -> None:
        """Allow or forbid checks; a call in flight is cancelled."""
        self.keeper.set_switches(privacy=self.keeper.state.privacy, ai_on=on)
        if not on:
            self.checks.cancel()
            # Nothing else would end it: no check succeeds any more.
            for kind in (EventKind.AI_UNAVAILABLE, EventKind.BUDGET_SPENT):
                self._publish(self.tracker.end(kind, "ai_off", dt_util.utcnow(), time.monotonic()))
        self.keeper.refresh()
        await self._remember()

    async def _remember(self) -> None:
        state = self.keeper.state
        await self._switches.async_set(self.config.crib_id, {"privacy": state.privacy, "ai": state.ai_on})

    async def async_query_events(self, **query: Any) -> list[StoredEvent]:
        """Kept incidents of this crib, newest first; see `Store.events`. Raises StoreError."""
        return await self._store.async_read(Store.events, crib_id=self.config.crib_id, **query)

    async def async_feedback(
        self, event_id: str, label: Label, *, undo: bool = False, note: str | None = None
    ) -> FeedbackResult | None:
        """What a parent says of an incident; None where it is not known here. Raises StoreError."""
        events = await self.async_query_events(limit=1000)
        event = next((item.event for item in events if item.event.event_id == event_id), None)
        if event is None:
            return None
        if undo:
            return self.feedback.undo(event)
        if note:
            self._store.write(Store.put_state, f"feedback_note:{self.config.crib_id}:{event_id}", note)
        result = self.feedback.give(event, label)
        now_at, now_s = dt_util.utcnow(), time.monotonic()
        if label is Label.REAL:
            self._publish(self.tracker.confirm(event_id, now_at, now_s))
        elif label is Label.FALSE_ALARM:
            self._publish(self.tracker.dismiss(event_id, now_at, now_s))
        return result

    @callback
    def test_alert(self) -> None:
        """Send an alert that says that it is a test."""
        now_at, now_s = dt_util.utcnow(), time.monotonic()
        self._publish(self.tracker.raise_event(EventKind.TEST, severity=Severity.WARNING, now_at=now_at, now_s=now_s))

    @callback
    def learn_empty(self) -> None:
        """What the camera shows now is the empty crib. Raises HomeAssistantError while it shows nothing."""
        live = self.keeper.state.watching and self.threads.tell_senses(lambda senses: senses.learn_empty())
        if not live:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_picture")

    @callback
    def verdict_seen(self, verdict: Verdict) -> None:
        """A model's word on who is in the picture helps the detector of the empty crib."""
        seen, at_s = verdict.child_in_view, verdict.taken_at_s
        if seen is not None:
            self.threads.tell_senses(lambda senses: senses.on_verdict_hint(seen, at_s))

    async def async_correct_sleep(self, state: Sleep, since_at: datetime) -> None:
        """What a parent says of the child since then: shown, stored, and a hint to the detector of presence."""
        now_s = time.monotonic()
        self.insight.correct(state, since_at, now_s)
        for signal in self.insight.tick(now_s):
            self._signal(signal)
        self.threads.tell_senses(lambda senses: senses.on_verdict_hint(state is not Sleep.AWAY, now_s))
        self._save_sleep()
        self.keeper.refresh()

    @callback
    def acknowledge(self) -> None:
        """A person has looked."""
        self.judge.acknowledge(time.monotonic())
        self.keeper.refresh()
        self.save_attention()

    @callback
    def save_attention(self) -> None:
        """Keep a standing danger over a crash."""
        self._store.write(Store.put_state, f"attention:{self.config.crib_id}", self.judge.to_json())

    @callback
    def _save_sleep(self) -> None:
        self._store.write(Store.put_state, f"sleep:{self.config.crib_id}", self.insight.dump())
