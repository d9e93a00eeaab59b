"""Everything that the engine raises on purpose. No text of these holds a password, key or full address."""

from enum import StrEnum


class EngineError(Exception):
    """Base of all errors that the engine raises on purpose."""


class SourceProblem(StrEnum):
    """Why a source cannot be used; the values are the error keys of the config flow."""

    CANNOT_CONNECT = "cannot_connect"
    INVALID_AUTH = "invalid_auth"
    NO_VIDEO = "no_video"
    UNSUPPORTED_SOURCE = "unsupported_source"
    TIMEOUT = "timeout"
    PATH_NOT_ALLOWED = "path_not_allowed"
    NO_PERMISSION = "no_permission"
    """A device that the operating system does not let us open."""
    DEVICE_BUSY = "device_busy"


class SourceError(EngineError):
    """The source cannot be opened or read. `str()` is safe to log: cleaned of credentials."""

    def __init__(self, problem: SourceProblem, detail: str = "") -> None:
        super().__init__(f"{problem.value}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail


class SourceEndedError(SourceError):
    """The source was open and ended: a camera that closed the connection, a cut cable."""


class SourceChangedError(SourceError):
    """Codec, size or parameter sets changed in mid-stream.

    `goes_on`: the same connection delivers what is new, when `items` is called again; else open the source anew.
    """

    def __init__(self, problem: SourceProblem, detail: str = "", *, goes_on: bool = False) -> None:
        super().__init__(problem, detail)
        self.goes_on = goes_on


class RelayError(EngineError):
    """Viewers can no longer be served by this loop: it must be begun anew."""


class AnalysisFailure(StrEnum):
    """Why there is no verdict. The values are shown as the reason of an unknown safety state."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    DAILY_QUOTA = "daily_quota"
    SERVER_ERROR = "server_error"
    INVALID_KEY = "invalid_key"
    FORBIDDEN = "forbidden"
    MODEL_NOT_FOUND = "model_not_found"
    REQUEST_REJECTED = "request_rejected"
    BLOCKED = "blocked"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    UNSURE = "unsure"
    """A valid answer that cannot tell, or that contradicts itself."""
    NO_PICTURE = "no_picture"
    BUDGET_SPENT = "budget_spent"
    BACKING_OFF = "backing_off"
    CANCELLED = "cancelled"
    PROVIDER_OFF = "provider_off"
    INTERNAL = "internal"


class Remedy(StrEnum):
    """What is to be done about a failure (design: one of these four for every outcome)."""

    RETRY_LATER = "retry_later"
    NEW_KEY = "new_key"
    TELL_USER = "tell_user"
    COUNT_UNREADABLE = "count_unreadable"


class AnalysisError(EngineError):
    """An analysis gave no verdict. Never to be read as "nothing seen".

    `detail` is bounded, plain and free of keys. `retry_after_s` is the server's own wish, if it gave one.
    """

    def __init__(
        self,
        failure: AnalysisFailure,
        detail: str = "",
        *,
        remedy: Remedy = Remedy.RETRY_LATER,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{failure.value}: {detail}" if detail else failure.value)
        self.failure = failure
        self.detail = detail
        self.remedy = remedy
        self.retry_after_s = retry_after_s


class StoreError(EngineError):
    """The store cannot be read or written (disk full, corrupt, no permission)."""


class DiskFullError(StoreError):
    """There is no room on the disk."""
