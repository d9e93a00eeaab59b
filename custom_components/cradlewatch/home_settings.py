"""Reads the options of the home: what a day may cost, and what a model is told beside the picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math
from typing import Any

from .const import (
    CONF_CALLS_PER_DAY,
    CONF_CROP,
    CONF_DANGER_ENTITIES,
    CONF_MONEY_PER_DAY,
    CONF_PERSONS,
    CONF_PRICES,
    CONF_ROOM_ENTITIES,
    CONF_RULES,
    CONF_TOKENS_PER_DAY,
    CONF_URGENT_SHARE,
)
from .engine.analysis.budget import BudgetSettings, Price
from .engine.analysis.text import plain

RULES_MAX = 12
RULE_LENGTH_MAX = 200
ENTITIES_MAX = 12
CALLS_PER_CRIB = 2000
"""Calls a day for each crib where the parent set no limit: beyond what any ordinary day takes."""
URGENT_SHARE_PERCENT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """What the parent lets a model know."""

    rules: tuple[str, ...] = ()
    room: tuple[str, ...] = ()
    dangers: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    crop: bool = False


def budget_of(options: Mapping[str, Any], cribs: int) -> BudgetSettings:
    """Limits of a day. An option of 0 means no limit."""
    calls = options.get(CONF_CALLS_PER_DAY)
    return BudgetSettings(
        calls_per_day=CALLS_PER_CRIB * max(1, cribs) if calls is None else int(calls) or None,
        tokens_per_day=int(options.get(CONF_TOKENS_PER_DAY) or 0) or None,
        money_per_day=float(options.get(CONF_MONEY_PER_DAY) or 0) or None,
        prices=prices_of(options.get(CONF_PRICES, ())),
        urgent_share=float(options.get(CONF_URGENT_SHARE, URGENT_SHARE_PERCENT)) / 100,
    )


def context_of(options: Mapping[str, Any]) -> ContextSettings:
    """What a model may be told, within bounds."""
    return ContextSettings(
        rules=tuple(plain(str(rule), RULE_LENGTH_MAX) for rule in options.get(CONF_RULES, ())[:RULES_MAX]),
        room=_entities(options, CONF_ROOM_ENTITIES),
        dangers=_entities(options, CONF_DANGER_ENTITIES),
        persons=_entities(options, CONF_PERSONS),
        crop=bool(options.get(CONF_CROP, False)),
    )


def prices_of(lines: Iterable[str]) -> dict[str, Price]:
    """Lines "model price-in price-out", for a million tokens each.

    Raises:
        ValueError: a line is none.
    """
    prices: dict[str, Price] = {}
    for line in lines:
        model, *figures = str(line).replace("=", " ").replace("/ ", " ").split()
        price_in, price_out = (float(figure.replace(",", ".")) for figure in figures)
        if not (math.isfinite(price_in + price_out) and price_in >= 0 and price_out >= 0):
            raise ValueError("a price is a number from 0 on")
        prices[model.removeprefix("models/")] = Price(input_per_million=price_in, output_per_million=price_out)
    return prices


def _entities(options: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(entity) for entity in options.get(key, ())[:ENTITIES_MAX])
