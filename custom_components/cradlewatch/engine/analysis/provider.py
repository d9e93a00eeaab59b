"""What a provider is. One file each; adding one: implement `Provider`, raise AnalysisError, nothing else.

One that can understand ten-minute windows has a `Reporter` beside it.
"""

from dataclasses import dataclass
from typing import Protocol

from ..models import Verdict
from ..windows.report import WindowReport
from .jobs import CheckRequest
from .report_jobs import ReportRequest


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


class Reporter(Protocol):
    """Understands windows. `report` runs inside `run_job`, as `Provider.check` does."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def tokens(self, request: ReportRequest) -> int:
        """What the call is expected to use, for the day's budget."""
        ...

    async def report(self, request: ReportRequest) -> WindowReport:
        """Understand one window.

        Raises:
            AnalysisError: there is no report, whatever the cause.
        """
        ...


async def report_by(reporter: Reporter, request: ReportRequest) -> WindowReport:
    """For a lane of reports."""
    return await reporter.report(request)
