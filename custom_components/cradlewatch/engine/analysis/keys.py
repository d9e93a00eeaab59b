"""Is the key good, and for which models? By calls that cost nothing. Run these through `run_job` too.

names = run_job(lambda: list_models(key), timeout_s=15, cancel=CancelToken())
"""

from ..errors import AnalysisError, AnalysisFailure, Remedy
from .outcome import analysis_error
from .sdk import gemini_client

_TIMEOUT_S = 15.0
_MODELS_MAX = 200
_CANNOT_SEE = ("embedding", "tts", "imagen", "-image", "aqa", "veo", "live", "native-audio", "robotics", "computer-use")
_ALSO_BLIND = ("gemma-", "learnlm")


async def check_key(api_key: str, model: str | None = None) -> None:
    """Return where the key is good (and the model answers to it), else raise.

    Raises:
        AnalysisError: INVALID_KEY, FORBIDDEN, RATE_LIMITED, DAILY_QUOTA, MODEL_NOT_FOUND, or no connection.
    """
    _refuse_empty(api_key)
    try:
        async with gemini_client(api_key, _TIMEOUT_S) as client:
            if model is None:
                await client.models.list(config={"page_size": 1})
                return
            # Unlike models.get, this passes the model's own gate: region, quota, access.
            await client.models.count_tokens(model=model.removeprefix("models/"), contents="hello")
    except Exception as error:  # noqa: BLE001 - as in gemini.py: the table knows every outcome
        raise analysis_error(error, (api_key,)) from None


async def list_models(api_key: str) -> tuple[str, ...]:
    """Names, without `models/`, of the models that can judge a picture. Newest order of the API.

    Raises:
        AnalysisError: as `check_key`.
    """
    _refuse_empty(api_key)
    names: list[str] = []
    try:
        async with gemini_client(api_key, _TIMEOUT_S) as client:
            async for model in await client.models.list(config={"page_size": 100}):
                if _can_see(model.name or "", model.supported_actions or []):
                    names.append((model.name or "").removeprefix("models/"))
                if len(names) >= _MODELS_MAX:
                    break
    except Exception as error:  # noqa: BLE001 - as above
        raise analysis_error(error, (api_key,)) from None
    return tuple(names)


def _refuse_empty(api_key: str) -> None:
    if not api_key.strip():
        raise AnalysisError(AnalysisFailure.INVALID_KEY, "the key is empty", remedy=Remedy.NEW_KEY)


def _can_see(name: str, actions: list[str]) -> bool:
    short = name.removeprefix("models/").lower()
    if not short or short.startswith(_ALSO_BLIND) or any(word in short for word in _CANNOT_SEE):
        return False
    return not actions or "generateContent" in actions
