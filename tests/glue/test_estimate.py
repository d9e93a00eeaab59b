"""The figures that a parent agrees to are not smaller than what is sent."""

import json

import pytest

from custom_components.cradlewatch.engine.analysis.prompt import instructions
from custom_components.cradlewatch.engine.analysis.schema import answer_schema
from custom_components.cradlewatch.engine.settings import CheckSettings
from custom_components.cradlewatch.provider_form import TOKENS_IN_PER_CHECK, estimate

PICTURE_TOKENS = 258
CONTEXT_TOKENS = 150
BYTES_PER_TOKEN = 3
"""Careful: English has four and more, Korean three bytes a letter and about a letter and a half a token."""


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_check_takes_no_more_than_said(language: str) -> None:
    text = instructions(language) + json.dumps(answer_schema())
    tokens = PICTURE_TOKENS + CONTEXT_TOKENS + len(text.encode()) / BYTES_PER_TOKEN
    assert TOKENS_IN_PER_CHECK * 0.5 < tokens <= TOKENS_IN_PER_CHECK * 1.05


def test_a_day_of_two_cribs() -> None:
    shown = estimate(2)
    calls = 2 * 86400 / CheckSettings().interval_s
    assert int(shown["calls"].replace("\u202f", "")) == pytest.approx(calls, rel=0.05)
    assert shown["tokens_in"] == f"{calls * TOKENS_IN_PER_CHECK / 1e6:.1f} M"
    assert shown["cribs"] == "2"
