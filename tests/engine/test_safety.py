"""Unknown is not safe, and unknown never clears a standing danger."""

from datetime import UTC, datetime
import json

import pytest

from custom_components.cradlewatch.engine.errors import AnalysisFailure
from custom_components.cradlewatch.engine.models import Link, LinkState, Severity, Verdict
from custom_components.cradlewatch.engine.safety import REASONS, SafetyJudge, SafetyState
from custom_components.cradlewatch.engine.settings import SafetySettings

SERIOUS = (Severity.WARNING, Severity.DANGER)
HARMLESS = (Severity.SAFE, Severity.INFO)


def verdict(safety: Severity | None, taken_at_s: float, provider: str = "gemini") -> Verdict:
    return Verdict(
        provider=provider, model=None, taken_at=datetime(2026, 1, 1, tzinfo=UTC), taken_at_s=taken_at_s, latency_s=1,
        safety=safety, title=None, description=None,
    )  # fmt: skip


def judge(*, live: bool = True) -> SafetyJudge:
    made = SafetyJudge(SafetySettings())
    if live:
        made.on_link(LinkState(link=Link.LIVE, since_s=0))
    return made


def look(made: SafetyJudge, now_s: float, *, asleep: bool | None = False, enabled: bool = True) -> SafetyState:
    state = made.state(now_s, asleep=asleep, enabled=enabled)
    # Holds for every state there is.
    assert (state.safety is None) == (state.reason is not None) == (state.score is None)
    assert state.reason is None or state.reason in REASONS
    assert (state.verdict is None) == (state.valid_until_s is None) == (state.safety is None)
    if state.attention is False:
        assert state.safety is not None
    return state


def test_nothing_known_yet() -> None:
    state = look(judge(), 1)
    assert (state.safety, state.reason, state.attention) == (None, "no_verdict_yet", None)


@pytest.mark.parametrize("safety", list(Severity))
def test_fresh_verdict(safety: Severity) -> None:
    made = judge()
    made.on_verdict(verdict(safety, 100))
    state = look(made, 101)
    assert (state.safety, state.reason, state.attention) == (safety, None, safety in SERIOUS)
    assert state.score is not None
    assert state.valid_until_s == 400


@pytest.mark.parametrize(
    ("asleep", "age_s", "known"),
    [
        (False, 299.9, True), (False, 300, False), (False, 899, False),
        (None, 299.9, True), (None, 300, False), (None, 899, False),
        (True, 299.9, True), (True, 300, True), (True, 899.9, True), (True, 900, False), (True, 1e6, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("safety", list(Severity))
def test_age(safety: Severity, asleep: bool | None, age_s: float, known: bool) -> None:
    made = judge()
    made.on_verdict(verdict(safety, 100))
    state = look(made, 100 + age_s, asleep=asleep)
    assert (state.safety, state.reason) == ((safety, None) if known else (None, "expired"))
    assert state.attention is (True if safety in SERIOUS else (False if known else None))


def test_waking_up_makes_an_old_verdict_expire() -> None:
    made = judge()
    made.on_verdict(verdict(Severity.SAFE, 100))
    assert look(made, 600, asleep=True).safety is Severity.SAFE
    assert look(made, 600, asleep=False).reason == "expired"


def test_reused_verdict_keeps_its_own_time() -> None:
    made = judge()
    made.on_verdict(verdict(Severity.SAFE, 100))
    made.on_verdict(verdict(Severity.SAFE, 100))
    assert look(made, 399).valid_until_s == 400
    assert look(made, 400).reason == "expired"


@pytest.mark.parametrize("failure", list(AnalysisFailure))
@pytest.mark.parametrize("before", [None, *Severity])
def test_every_failure_makes_unknown_at_once_and_clears_nothing(
    failure: AnalysisFailure, before: Severity | None
) -> None:
    made = judge()
    if before is not None:
        made.on_verdict(verdict(before, 100))
    made.on_failure(failure, 110, "why")
    state = look(made, 110)
    assert (state.safety, state.reason) == (None, failure.value)
    assert state.attention is (True if before in SERIOUS else None)
    made.on_verdict(verdict(Severity.SAFE, 120))
    after = look(made, 121)
    assert (after.safety, after.reason, after.attention) == (Severity.SAFE, None, False)


@pytest.mark.parametrize(
    ("link", "reason", "forgets"),
    [
        (Link.CONNECTING, "connecting", False),
        (Link.STALLED, "camera_stalled", False),
        (Link.LOST, "camera_lost", True),
        (Link.PRIVACY, "privacy", True),
        (Link.STOPPED, "stopped", True),
    ],
)
@pytest.mark.parametrize("before", list(Severity))
def test_every_state_of_the_camera(link: Link, reason: str, forgets: bool, before: Severity) -> None:
    made = judge()
    made.on_verdict(verdict(before, 100))
    made.on_link(LinkState(link=link, since_s=110))
    state = look(made, 110)
    assert (state.safety, state.reason) == (None, reason)
    assert state.attention is (True if before in SERIOUS else None)
    made.on_link(LinkState(link=Link.LIVE, since_s=120))
    back = look(made, 121)
    assert (back.safety, back.reason) == ((None, "no_verdict_yet") if forgets else (before, None))


def test_late_answer_about_a_picture_from_before_the_loss_does_not_say_safe() -> None:
    made = judge()
    made.on_link(LinkState(link=Link.LOST, since_s=110))
    made.on_link(LinkState(link=Link.LIVE, since_s=115))
    made.on_verdict(verdict(Severity.SAFE, 105))
    assert look(made, 116).reason == "no_verdict_yet"
    made.on_verdict(verdict(Severity.DANGER, 105))
    assert look(made, 117).attention is True
    made.on_verdict(verdict(Severity.SAFE, 116))
    assert look(made, 118).attention is False


def test_older_answer_neither_clears_nor_hides_a_newer_one() -> None:
    made = judge()
    made.on_verdict(verdict(Severity.DANGER, 100))
    made.on_verdict(verdict(Severity.SAFE, 90))
    state = look(made, 101)
    assert (state.safety, state.attention) == (Severity.DANGER, True)
    made.on_verdict(verdict(Severity.SAFE, 105))
    made.on_verdict(verdict(Severity.DANGER, 103))
    state = look(made, 106)
    assert (state.safety, state.attention) == (Severity.SAFE, True)


@pytest.mark.parametrize("before", list(Severity))
def test_switched_off(before: Severity) -> None:
    made = judge()
    made.on_verdict(verdict(before, 100))
    state = look(made, 101, enabled=False)
    assert (state.safety, state.reason) == (None, "ai_off")
    assert state.attention is (True if before in SERIOUS else None)


def test_local_provider_never_says_safe_and_clears_nothing() -> None:
    made = judge()
    made.on_verdict(verdict(None, 100, "local"))
    state = look(made, 101)
    assert (state.safety, state.reason, state.attention) == (None, "local_only", None)
    made.on_verdict(verdict(Severity.DANGER, 110))
    made.on_verdict(verdict(None, 120, "local"))
    assert look(made, 5000).attention is True


def test_a_person_acknowledges() -> None:
    made = judge()
    made.on_verdict(verdict(Severity.DANGER, 100))
    made.acknowledge(105)
    state = look(made, 106)
    assert (state.safety, state.attention) == (Severity.DANGER, False)
    made.on_failure(AnalysisFailure.TIMEOUT, 110)
    assert look(made, 111).attention is None
    made.on_verdict(verdict(Severity.DANGER, 120))
    assert look(made, 121).attention is True


@pytest.mark.parametrize("before", [None, *Severity])
def test_restart_keeps_the_danger_and_forgets_the_verdict(before: Severity | None) -> None:
    made = judge()
    if before is not None:
        made.on_verdict(verdict(before, 100))
    after = SafetyJudge.from_json(SafetySettings(), json.loads(json.dumps(made.to_json())))
    after.on_link(LinkState(link=Link.LIVE, since_s=1))
    state = look(after, 2)
    assert (state.safety, state.reason) == (None, "no_verdict_yet")
    assert state.attention is (True if before in SERIOUS else None)


@pytest.mark.parametrize("stored", [None, {}, {"attention": "yes"}, {"attention": None}, {"other": True}])
def test_unreadable_state_is_no_state(stored: dict[str, object] | None) -> None:
    assert SafetyJudge.from_json(SafetySettings(), stored).state(1, asleep=None, enabled=True).attention is None


def test_verdict_from_the_future_is_not_believed() -> None:
    made = judge()
    made.on_verdict(verdict(Severity.SAFE, 1000))
    assert look(made, 100).reason == "expired"
