"""Jobs of the flow that run in the executor. Imported lazily: the SDK is heavy, and most homes are local."""

from .engine.analysis.keys import check_key, list_models
from .engine.analysis.runner import CancelToken, run_job
from .engine.errors import AnalysisError


def key_job(api_key: str, model: str, limit_s: float) -> tuple[tuple[str, ...], AnalysisError | None]:
    """Models that the key may use for pictures, and why `model` cannot be used, if so.

    Raises:
        AnalysisError: the key is wrong, the quota spent, Google not reached within `limit_s`.
    """
    models = run_job(lambda: list_models(api_key), timeout_s=limit_s, cancel=CancelToken())
    try:
        # Being listed is not enough: region, quota and access are asked of the model itself.
        run_job(lambda: check_key(api_key, model), timeout_s=limit_s, cancel=CancelToken())
    except AnalysisError as err:
        return models, err
    return models, None
