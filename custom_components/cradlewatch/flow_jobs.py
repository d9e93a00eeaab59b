"""Jobs of the flow that run in the executor. Imported lazily: the SDK is heavy, and most homes are local."""

from .engine.analysis.keys import list_models
from .engine.analysis.runner import CancelToken, run_job


def list_models_job(api_key: str, limit_s: float) -> tuple[str, ...]:
    """Names (without `models/`) of the models that the key may use for pictures.

    Raises:
        AnalysisError: the key is wrong, the quota spent, Google not reached within `limit_s`.
    """
    names = run_job(lambda: list_models(api_key), timeout_s=limit_s, cancel=CancelToken())
    return tuple(name.removeprefix("models/") for name in names)
