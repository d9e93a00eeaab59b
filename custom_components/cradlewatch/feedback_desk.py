"""What a parent says of incidents of one crib: kept, told to the detectors' threshold and to the next prompts."""

from dataclasses import dataclass
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from .engine.analysis.feedback import FeedbackBook, FeedbackEntry, Label
from .engine.incident import LOCAL, PERSON
from .engine.models import EventKind, MonitorEvent, Severity, Signal, Status
from .engine.store import Store
from .storage import AsyncStore

if TYPE_CHECKING:
    from .monitor import CribMonitor

_LOGGER = logging.getLogger(__name__)
_THRESHOLD = 0.5
"""Detectors give at least this at their own limit (motion, crying); others give 1 and are never held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackResult:
    """What a word changed."""

    kind: EventKind
    precision: float | None
    offset: float
    undone: bool = False


class FeedbackDesk:
    """Feedback of one crib. Event loop only."""

    def __init__(self, monitor: CribMonitor, store: AsyncStore) -> None:
        self._monitor = monitor
        self._store = store
        self.book = FeedbackBook()
        self.held_back = 0
        """Signals below a threshold that a parent's words raised."""

    @property
    def _key(self) -> str:
        return f"feedback:{self._monitor.config.crib_id}"

    async def async_restore(self) -> None:
        """Raises StoreError."""
        kept = await self._store.async_read(Store.get_state, self._key)
        try:
            self.book = FeedbackBook.from_json(kept)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _LOGGER.warning("The feedback on %s cannot be read (%s)", self._monitor.config.name, type(error).__name__)
        self._show()

    @callback
    def give(self, event: MonitorEvent, label: Label) -> FeedbackResult:
        """Note a word about an incident of this crib."""
        by_model = event.status is Status.CONFIRMED and event.provider not in (LOCAL, PERSON)
        danger = by_model and event.severity is Severity.DANGER
        # An hour of quiet begins when it is asked for; the other words are about the hour of the incident.
        at = dt_util.now() if label is Label.IGNORE_HOUR else dt_util.as_local(event.started_at)
        self.book.give(
            FeedbackEntry(event_id=event.event_id, kind=event.kind, label=label, at=at, confirmed_danger=danger)
        )
        return self._result(event.kind)

    @callback
    def undo(self, event: MonitorEvent) -> FeedbackResult:
        """Forget the word about it: thresholds, precision and quiet are as if it had not been said."""
        undone = self.book.undo(event.event_id)
        return self._result(event.kind, undone=undone)

    @callback
    def admits(self, signal: Signal) -> bool:
        """False for a beginning that is below what the parent's words made of the threshold at this hour."""
        if not signal.active or self.book.offset(signal.kind, dt_util.now()) <= 0:
            return True
        if signal.score >= _THRESHOLD + self.book.offset(signal.kind, dt_util.now()):
            return True
        self.held_back += 1
        return False

    def muted(self, event: MonitorEvent) -> bool:
        """True while the parent wants no notification of this kind. Danger is never muted."""
        return self.book.muted(event.kind, event.severity, dt_util.now())

    def _result(self, kind: EventKind, *, undone: bool = False) -> FeedbackResult:
        self._store.write(Store.put_state, self._key, self.book.to_json())
        self._show()
        now = dt_util.now()
        return FeedbackResult(
            kind=kind, precision=self.book.precision(kind, now), offset=self.book.offset(kind, now), undone=undone
        )

    def _show(self) -> None:
        now = dt_util.now()
        known: dict[EventKind, Any] = {kind: self.book.precision(kind, now) for kind in EventKind}
        self._monitor.keeper.set_precision(
            tuple((kind.value, round(value, 2)) for kind, value in known.items() if value is not None)
        )
