r"""Analysis: a request as a value, run in an executor thread, becomes a verdict or an AnalysisError. Never a guess.

jobs -> lanes (event loop) -> runner (executor thread) -> provider -> schema, text -> Verdict
                                                      \-> outcome -> AnalysisError
"""

from .jobs import CheckContext, CheckRequest, EarlierVerdict, LocalFindings
from .lanes import Lane
from .provider import Provider, ProviderCapabilities
from .runner import CancelToken, run_job

__all__ = [
    "CancelToken",
    "CheckContext",
    "CheckRequest",
    "EarlierVerdict",
    "Lane",
    "LocalFindings",
    "Provider",
    "ProviderCapabilities",
    "run_job",
]
