"""What a day may cost, and what it has cost so far. Calls are counted when they are sent, not when they are answered.

Clock-free: the home's local time comes with the calls; the day ends at local midnight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from ..errors import AnalysisError, AnalysisFailure
from ..models import Usage

_FIRST_GUESS_TOKENS = 3000
"""For a call while none was counted yet; afterwards the dearest call of the day."""
_RATE_HOURS = 3
_RATE_MIN_H = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model takes for a million tokens, in the home's currency. Set by the parent, never invented."""

    input_per_million: float
    output_per_million: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """Cost of a call."""
        return (tokens_in * self.input_per_million + tokens_out * self.output_per_million) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings:
    """Limits of a day; None: no such limit."""

    calls_per_day: int | None = None
    tokens_per_day: int | None = None
    money_per_day: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By model. A model without a price costs tokens only: a limit of money cannot hold it."""
    urgent_share: float = 0.2
    """Share of each limit that only suspected danger may use."""

    def __post_init__(self) -> None:
        if not 0 <= self.urgent_share <= 0.9:
            raise ValueError("urgent_share must be between 0 and 0.9")


class BudgetLevel(StrEnum):
    """How the budget stands; each step is visible, none is silent."""

    FULL = "full"
    ECONOMY = "economy"
    """At this pace it ends before midnight: routine checks come at longer intervals."""
    URGENT_ONLY = "urgent_only"
    SPENT = "spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFigures:
    """The day so far."""

    day: date
    calls: int
    failures: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    """None where a model without a price was used."""
    level: BudgetLevel
    limit: str | None
    """The limit that presses most: calls, tokens or money."""
    ends_at: datetime | None
    """Local time at which the budget ends at the present pace; None: not today."""


@dataclass(slots=True, eq=False)
class Ticket:
    """Leave for one call. Must be settled."""

    model: str | None
    tokens: int
    cost: float
    settled: bool = False
    sized: bool = False
    """Its tokens were known beforehand: a report, no frame check."""


@dataclass(slots=True)
class _Day:
    day: date
    calls: int = 0
    failures: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    unpriced: bool = False
    dearest_tokens: int = 0
    dearest_cost: float = 0.0
    hours: list[list[float]] = field(default_factory=lambda: [[0.0, 0.0, 0.0] for _ in range(24)])
    """calls, tokens, money by hour of the day."""


class Budget:
    """The budget of one home. One thread only."""

    def __init__(self, settings: BudgetSettings, local_now: datetime) -> None:
        self.settings = settings
        self._day = _Day(local_now.date())
        self._open: list[Ticket] = []

    def take(self, local_now: datetime, *, model: str | None, urgent: bool, tokens: int | None = None) -> Ticket:
        """Leave for one call, counted at once. `tokens`: what it is expected to use, where that is known.

        Raises:
            AnalysisError: BUDGET_SPENT, for routine calls already while the share for danger is left.
        """
        self._turn(local_now)
        ticket = self._priced(model) if tokens is None else self._sized(model, tokens)
        short = self._short(ticket, urgent=urgent)
        if short is not None:
            kept = "" if urgent else "; the rest is kept for suspected danger"
            raise AnalysisError(
                AnalysisFailure.BUDGET_SPENT,
                f"the {short} of the day are spent{kept}",
                retry_after_s=_rest_s(local_now),
            )
        self._day.calls += 1
        self._day.hours[local_now.hour][0] += 1
        self._open.append(ticket)
        return ticket

    def settle(self, ticket: Ticket, local_now: datetime, usage: Usage | None, *, billed: bool = True) -> None:
        """The call ended. `usage` None: it failed; where it may have been billed all the same, its estimate counts."""
        if ticket.settled:
            return
        ticket.settled = True
        if ticket in self._open:
            self._open.remove(ticket)
        self._turn(local_now)
        day = self._day
        tokens_in = tokens_out = 0
        price = self.settings.prices.get(ticket.model or "")
        if usage is None:
            day.failures += 1
            tokens_in = ticket.tokens if billed else 0
        else:
            tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
            guess = price.of(tokens_in, tokens_out) if price else 0.0
            if not ticket.sized:
                # A report is no measure for a frame check.
                day.dearest_tokens = max(day.dearest_tokens, tokens_in + tokens_out)
                day.dearest_cost = max(day.dearest_cost, guess)
        cost = price.of(tokens_in, tokens_out) if price else 0.0
        day.unpriced = day.unpriced or (price is None and tokens_in + tokens_out > 0)
        day.tokens_in += tokens_in
        day.tokens_out += tokens_out
        day.cost += cost
        hour = day.hours[local_now.hour]
        hour[1] += tokens_in + tokens_out
        hour[2] += cost

    def figures(self, local_now: datetime) -> BudgetFigures:
        """The day so far, and how it will end."""
        self._turn(local_now)
        day, ticket = self._day, self._priced(None)
        ends_at, limit = self._forecast(local_now)
        if (short := self._short(ticket, urgent=True)) is not None:
            level, limit = BudgetLevel.SPENT, short
        elif (short := self._short(ticket, urgent=False)) is not None:
            level, limit = BudgetLevel.URGENT_ONLY, short
        else:
            level = BudgetLevel.FULL if ends_at is None else BudgetLevel.ECONOMY
        return BudgetFigures(
            day=day.day,
            calls=day.calls,
            failures=day.failures,
            tokens_in=day.tokens_in,
            tokens_out=day.tokens_out,
            cost=None if day.unpriced else day.cost,
            level=level,
            limit=limit,
            ends_at=ends_at,
        )

    def to_json(self) -> dict[str, Any]:
        """What a restart must not forget."""
        day = self._day
        return {
            "day": day.day.isoformat(),
            "calls": day.calls,
            "failures": day.failures,
            "tokens_in": day.tokens_in,
            "tokens_out": day.tokens_out,
            "cost": day.cost,
            "unpriced": day.unpriced,
            "dearest_tokens": day.dearest_tokens,
            "dearest_cost": day.dearest_cost,
            "hours": day.hours,
        }

    def restore(self, stored: Mapping[str, Any] | None, local_now: datetime) -> None:
        """Take up what `to_json` gave, of today only.

        Raises:
            KeyError, ValueError, TypeError: not such data.
        """
        if stored is None or date.fromisoformat(stored["day"]) != local_now.date():
            return
        hours = [[float(value) for value in hour] for hour in stored["hours"]]
        if len(hours) != 24 or any(len(hour) != 3 for hour in hours):
            raise ValueError("24 hours of 3 figures are needed")
        self._day = _Day(
            day=local_now.date(),
            calls=int(stored["calls"]),
            failures=int(stored["failures"]),
            tokens_in=int(stored["tokens_in"]),
            tokens_out=int(stored["tokens_out"]),
            cost=float(stored["cost"]),
            unpriced=bool(stored["unpriced"]),
            dearest_tokens=int(stored["dearest_tokens"]),
            dearest_cost=float(stored["dearest_cost"]),
            hours=hours,
        )

    def _turn(self, local_now: datetime) -> None:
        """A new day begins with nothing used. A clock that is set back within the day keeps what was counted."""
        if local_now.date() != self._day.day:
            self._day = _Day(
                local_now.date(), dearest_tokens=self._day.dearest_tokens, dearest_cost=self._day.dearest_cost
            )

    def _priced(self, model: str | None) -> Ticket:
        tokens = self._day.dearest_tokens or _FIRST_GUESS_TOKENS
        price = self.settings.prices.get(model or "") if model else _dearest(self.settings.prices)
        # An answer is shorter than its question, but its tokens cost several times as much.
        guess = price.of(tokens * 2 // 3, tokens // 3) if price else 0.0
        return Ticket(model, tokens, max(guess, self._day.dearest_cost if price else 0.0))

    def _sized(self, model: str | None, tokens: int) -> Ticket:
        price = self.settings.prices.get(model or "")
        return Ticket(model, tokens, price.of(tokens, 0) if price else 0.0, sized=True)

    def _limits(self) -> list[tuple[str, int, float | None]]:
        """(name, index in the hours, limit)."""
        settings = self.settings
        return [
            ("calls", 0, settings.calls_per_day),
            ("tokens", 1, settings.tokens_per_day),
            ("money", 2, settings.money_per_day),
        ]

    def _used(self) -> list[float]:
        """Calls, tokens and money used, what is still in flight included."""
        day = self._day
        return [
            float(day.calls),
            day.tokens_in + day.tokens_out + sum(float(ticket.tokens) for ticket in self._open),
            day.cost + sum(ticket.cost for ticket in self._open),
        ]

    def _short(self, ticket: Ticket, *, urgent: bool) -> str | None:
        """Name of the limit that one more call would pass."""
        share = 1.0 if urgent else 1.0 - self.settings.urgent_share
        used, needed = self._used(), (1.0, float(ticket.tokens), ticket.cost)
        for name, index, limit in self._limits():
            if limit is not None and used[index] + needed[index] > limit * share + 1e-9:
                return name
        return None

    def _forecast(self, local_now: datetime) -> tuple[datetime | None, str | None]:
        """When the routine share ends at the pace of the last hours (None: not today), and by which limit."""
        used = self._used()
        midnight = local_now.replace(hour=0, minute=0, second=0, microsecond=0)
        since_midnight_h = (local_now - midnight).total_seconds() / 3600
        first = max(0, local_now.hour - _RATE_HOURS + 1)
        span_h = since_midnight_h - first
        if span_h < _RATE_MIN_H:
            return None, None
        ends: list[tuple[float, str]] = []
        for name, index, limit in self._limits():
            spent = sum(hour[index] for hour in self._day.hours[first : local_now.hour + 1])
            if limit is not None and spent > 0:
                left = max(0.0, limit * (1 - self.settings.urgent_share) - used[index])
                ends.append((left / (spent / span_h), name))
        if not ends or min(ends)[0] * 3600 >= _rest_s(local_now):
            return None, None
        in_h, name = min(ends)
        return local_now + timedelta(hours=in_h), name


def _dearest(prices: Mapping[str, Price]) -> Price | None:
    return max(prices.values(), key=lambda price: price.input_per_million, default=None)


def _rest_s(local_now: datetime) -> float:
    """Seconds of wall clock until midnight."""
    return 86_400.0 - (local_now.hour * 3600 + local_now.minute * 60 + local_now.second)
