"""What a provider is. One file each; adding one: implement `Provider`, raise AnalysisError, nothing else.

One that can understand ten-minute windows has a `Reporter` beside it.
"""

from dataclasses import dataclass
from typing import Protocol

from ..models import Verdict
from ..windows.digest import DigestDraft
from ..windows.report import WindowReport
from .digest_schema import DigestRequest
from .jobs import CheckRequest
from .report_jobs import RepairRequest, ReportRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCapabilities:
    """What shapes a request; callers ask these, never the provider's name."""

    images_max: int = 1
    video: bool = False
    audio: bool = False
    structured_output: bool = False
    token_counts: bool = False
    judges_safety: bool = True
    """False: the verdict's `safety` is always None."""
    leaves_house: bool = True
    """True: pictures go to somebody else's machine; needs consent."""


class Provider(Protocol):
    """Judges pictures. `check` runs inside `run_job`: in an executor thread, on a loop made for that one call."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str | None: ...

    @property
    def capabilities(self) -> ProviderCapabilities: ...

    async def check(self, request: CheckRequest) -> Verdict:
        """Judge the newest picture.

        Raises:
            AnalysisError: there is no verdict, whatever the cause.
        """
        ...

    async def aclose(self) -> None:
        """Release what outlives a call; safe to call twice, from any event loop."""
        ...


type ReportJob = ReportRequest | RepairRequest | DigestRequest
"""What the report lane carries."""
type ReportAnswered = WindowReport | DigestDraft


class Reporter(Protocol):
    """Understands windows. `work` runs inside `run_job`, as `Provider.check` does."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def tokens(self, job: ReportJob) -> int:
        """What the call is expected to use, for the day's budget."""
        ...

    async def work(self, job: ReportJob) -> ReportAnswered:
        """A window understood, an answer put into form, or a day summed up.

        Raises:
            AnalysisError: there is no answer, whatever the cause; PROVIDER_OFF for a kind of job that it cannot do.
        """
        ...


async def work_by(reporter: Reporter, job: ReportJob) -> ReportAnswered:
    """For a lane of reports."""
    return await reporter.work(job)
