"""Decides which checks are sent: risk asks (cadence), the budget answers, and the reason is always at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import AnalysisError, AnalysisFailure
from ..models import Verdict
from .budget import Budget, BudgetFigures, BudgetLevel, BudgetSettings, Ticket
from .cadence import Cadence, CadenceSettings, Due, Scene

_STRETCH = {BudgetLevel.FULL: 1.0, BudgetLevel.ECONOMY: 2.0}
# A request of these never reached a model.
_FREE = frozenset(
    {
        AnalysisFailure.UNREACHABLE,
        AnalysisFailure.RATE_LIMITED,
        AnalysisFailure.DAILY_QUOTA,
        AnalysisFailure.SERVER_ERROR,
        AnalysisFailure.INVALID_KEY,
        AnalysisFailure.FORBIDDEN,
        AnalysisFailure.MODEL_NOT_FOUND,
        AnalysisFailure.REQUEST_REJECTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorFigures:
    """For sensors and diagnostics."""

    budget: BudgetFigures
    spared: int
    """Routine checks that unchanged scenes made needless, since the start."""
    refused: int
    """Checks that were due and that the budget did not allow, since the start."""


class Governor:
    """One for the home. One thread only.

    due() -> take() -> the lane -> settle() with what came of it.
    """

    def __init__(self, budget: BudgetSettings, local_now: datetime, cadence: CadenceSettings | None = None) -> None:
        self.budget = Budget(budget, local_now)
        self._cadence_settings = cadence or CadenceSettings()
        self._cribs: dict[str, Cadence] = {}
        self._refused = 0

    def due(self, crib_id: str, scene: Scene, now_s: float, local_now: datetime) -> Due | None:
        """Is a check of this crib due? About once a second for each crib."""
        level = self.budget.figures(local_now).level
        due = self._crib(crib_id).observe(scene, now_s, stretch=_STRETCH.get(level, 2.0))
        if due is None or due.urgent or level in _STRETCH:
            return due
        # Refused here, not at take(): else a request would be built each second only to be turned down.
        self._refused += 1
        self._crib(crib_id).on_sent(scene, now_s)
        return None

    def take(
        self, crib_id: str, scene: Scene, now_s: float, local_now: datetime, *, model: str | None, urgent: bool
    ) -> Ticket:
        """Leave to send a check of this scene now.

        Raises:
            AnalysisError: BUDGET_SPENT.
        """
        self._crib(crib_id).on_sent(scene, now_s)
        try:
            return self.budget.take(local_now, model=model, urgent=urgent)
        except AnalysisError:
            self._refused += 1
            raise

    def tried(self, crib_id: str, scene: Scene, now_s: float) -> None:
        """A check begins, which may be turned down before it is sent: the next is due an interval later."""
        self._crib(crib_id).on_sent(scene, now_s)

    def settle(
        self, crib_id: str, ticket: Ticket, outcome: Verdict | AnalysisError | None, local_now: datetime
    ) -> None:
        """What came of it; None: its caller was cancelled while it was in flight."""
        if isinstance(outcome, Verdict):
            if outcome.safety is None:
                self._crib(crib_id).on_unsure()
            else:
                self._crib(crib_id).on_verdict(outcome.taken_at_s)
            self.budget.settle(ticket, local_now, outcome.usage)
            return
        billed = outcome is None or outcome.failure not in _FREE
        self.budget.settle(ticket, local_now, None, billed=billed)

    def forget(self, crib_id: str) -> None:
        """The crib's camera is lost or in privacy."""
        self._crib(crib_id).forget()

    def remove(self, crib_id: str) -> None:
        """The crib is gone."""
        self._cribs.pop(crib_id, None)

    def figures(self, local_now: datetime) -> GovernorFigures:
        """How it stands."""
        return GovernorFigures(
            budget=self.budget.figures(local_now),
            spared=sum(crib.spared for crib in self._cribs.values()),
            refused=self._refused,
        )

    def to_json(self) -> dict[str, Any]:
        """What a restart must not forget."""
        return {"budget": self.budget.to_json()}

    def restore(self, stored: Mapping[str, Any] | None, local_now: datetime) -> None:
        """Take up what `to_json` gave; raises as `Budget.restore`."""
        if stored is not None:
            self.budget.restore(stored.get("budget"), local_now)

    def _crib(self, crib_id: str) -> Cadence:
        if crib_id not in self._cribs:
            self._cribs[crib_id] = Cadence(self._cadence_settings)
        return self._cribs[crib_id]
