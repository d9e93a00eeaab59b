"""What may be said about safety right now. Unknown is not safe, and unknown never clears a standing danger.

Only a validated verdict about a picture that is young enough says anything. A check that failed, a camera that is
not live, privacy and a switched-off AI make it unknown at once, each with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import AnalysisFailure
from .models import Link, LinkState, Severity, Verdict
from .score import grades_of_verdict, safety_score
from .settings import SafetySettings

NO_VERDICT_YET = "no_verdict_yet"
EXPIRED = "expired"
CAMERA_LOST = "camera_lost"
CAMERA_STALLED = "camera_stalled"
CONNECTING = "connecting"
PRIVACY = "privacy"
STOPPED = "stopped"
AI_OFF = "ai_off"
LOCAL_ONLY = "local_only"

LOCAL = "local"
"""Name of the provider that never judges safety."""

REASONS = (
    NO_VERDICT_YET,
    EXPIRED,
    CAMERA_LOST,
    CAMERA_STALLED,
    CONNECTING,
    PRIVACY,
    STOPPED,
    AI_OFF,
    LOCAL_ONLY,
    *(failure.value for failure in AnalysisFailure),
)
"""Every reason that `SafetyState.reason` can hold."""

_LINK_REASONS = {
    Link.CONNECTING: CONNECTING,
    Link.STALLED: CAMERA_STALLED,
    Link.LOST: CAMERA_LOST,
    Link.PRIVACY: PRIVACY,
    Link.STOPPED: STOPPED,
}
# After these the scene may have changed unseen: what was said before no longer counts.
_FORGET_ON = frozenset({Link.LOST, Link.PRIVACY, Link.STOPPED})
_CLOCK_SLACK_S = 1.0

type Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyState:
    """The answer for entities. `safety` None means unknown, with `reason`; `attention` None means unknown too."""

    safety: Severity | None
    reason: str | None
    attention: bool | None
    """True: look now. Stands through failures, age and restart. False only while a valid verdict says no need."""
    score: int | None
    verdict: Verdict | None
    """The verdict that `safety` rests on; None while unknown."""
    valid_until_s: float | None
    """Monotonic time at which it grows too old, as long as the child stays asleep or awake."""


class SafetyJudge:
    """The safety state of one crib. One thread only."""

    def __init__(self, settings: SafetySettings) -> None:
        self._settings = settings
        self._verdict: Verdict | None = None
        self._failure: AnalysisFailure | None = None
        self._failure_detail = ""
        self._link: Link | None = None
        self._not_before_s = float("-inf")
        self._local_only = False
        self._standing = False

    @property
    def failure_detail(self) -> str:
        """Plain words about the last failure, "" after a verdict."""
        return self._failure_detail

    def on_verdict(self, verdict: Verdict) -> None:
        """A validated answer. One without a safety (local) judges nothing, one of an older picture clears nothing."""
        if verdict.safety is None and verdict.provider != LOCAL:
            self.on_failure(AnalysisFailure.UNSURE, verdict.taken_at_s, verdict.title or "")
            return
        if verdict.safety is None:
            self._local_only = True
            return
        self._local_only = False
        serious = verdict.safety.rank >= Severity.WARNING.rank
        newest_s = self._verdict.taken_at_s if self._verdict else float("-inf")
        if verdict.taken_at_s < max(self._not_before_s, newest_s):
            self._standing = self._standing or serious
            return
        self._standing = serious
        self._verdict = verdict
        self._failure = None
        self._failure_detail = ""

    def on_failure(self, failure: AnalysisFailure, at_s: float, detail: str = "") -> None:
        """A check gave no verdict: unknown at once, until the next verdict."""
        self._failure = failure
        self._failure_detail = detail[:200]

    def on_link(self, state: LinkState) -> None:
        """The connection changed."""
        self._link = state.link
        if state.link in _FORGET_ON:
            self._verdict = None
            self._failure = None
            self._failure_detail = ""
            self._not_before_s = max(self._not_before_s, state.since_s)

    def acknowledge(self, now_s: float) -> None:
        """A person has looked: nothing stands any more. The next serious verdict raises it again."""
        self._standing = False

    def state(self, now_s: float, *, asleep: bool | None, enabled: bool) -> SafetyState:
        """What may be said at `now_s`. `enabled`: the AI switch; unknown sleep counts as awake."""
        limit_s = self._settings.valid_asleep_s if asleep else self._settings.valid_awake_s
        reason = self._why_unknown(now_s, limit_s, enabled)
        verdict = self._verdict
        if reason is not None or verdict is None:
            attention = True if self._standing else None
            return SafetyState(
                safety=None, reason=reason, attention=attention, score=None, verdict=None, valid_until_s=None
            )
        grades = grades_of_verdict(verdict)
        return SafetyState(
            safety=verdict.safety,
            reason=None,
            attention=self._standing,
            score=None if grades is None else safety_score(grades),
            verdict=verdict,
            valid_until_s=verdict.taken_at_s + limit_s,
        )

    def to_json(self) -> dict[str, object]:
        """What survives a restart: a standing danger. Verdicts do not, they would look younger than they are."""
        return {"attention": self._standing}

    def restore(self, stored: Json | None) -> None:
        """Take up what `to_json` gave; anything else is ignored, never read as "no danger stood" by error."""
        if stored is not None:
            self._standing = self._standing or stored.get("attention") is True

    @classmethod
    def from_json(cls, settings: SafetySettings, stored: Json | None) -> SafetyJudge:
        """A judge after a restart."""
        judge = cls(settings)
        judge.restore(stored)
        return judge

    def _why_unknown(self, now_s: float, limit_s: float, enabled: bool) -> str | None:
        if self._link is not None and self._link is not Link.LIVE:
            return _LINK_REASONS[self._link]
        if not enabled:
            return AI_OFF
        if self._failure is not None:
            return self._failure.value
        if self._verdict is None:
            return LOCAL_ONLY if self._local_only else NO_VERDICT_YET
        age_s = now_s - self._verdict.taken_at_s
        return None if -_CLOCK_SLACK_S <= age_s < limit_s else EXPIRED
