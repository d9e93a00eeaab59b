"""The `openai_compatible` provider: any server of the chat/completions wire (vLLM, LM Studio, llama.cpp, a cloud)."""

import base64
from collections.abc import Mapping
import ipaddress
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from ..errors import AnalysisError, AnalysisFailure, Remedy
from ..models import Usage, Verdict
from ..redact import secrets_of_url
from .jobs import CheckRequest
from .outcome import analysis_error, status_error
from .prompt import caption, context_text, instructions
from .provider import ProviderCapabilities
from .schema import answer_schema, parse_answer, verdict_of
from .transport import session

_ANSWER_TOKENS = 2048
_TEMPERATURE = 0.2
_THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_MODELS_MAX = 200


class OpenAiCompatibleProvider:
    """Judges pictures by a model behind `base_url` (which ends in /v1 with most servers)."""

    name = "openai_compatible"

    def __init__(self, base_url: str, model: str, api_key: str | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key or None
        self._secrets = tuple(secret for secret in (api_key or "", *secrets_of_url(base_url)) if secret)
        self.model: str | None = model
        self.capabilities = ProviderCapabilities(
            images_max=3, structured_output=True, token_counts=True, leaves_house=not _at_home(base_url)
        )
        self._schema = True

    def __repr__(self) -> str:
        return f"OpenAiCompatibleProvider(model={self.model!r})"

    async def check(self, request: CheckRequest) -> Verdict:
        """Judge the newest picture. Run it through `run_job` only.

        Raises:
            AnalysisError: see `outcome.py`; also BLOCKED, TRUNCATED, EMPTY, UNREADABLE for answers that are none.
        """
        started_s = time.monotonic()
        try:
            answer = await self._call("POST", "/chat/completions", request.timeout_s, self._body(request))
            return verdict_of(
                parse_answer(_text_of(answer)),
                request,
                provider=self.name,
                model=self.model or "",
                latency_s=time.monotonic() - started_s,
                usage=_usage_of(answer),
            )
        except Exception as error:  # noqa: BLE001 - every outcome has its row in the table; none may pass as another
            failure = analysis_error(error, self._secrets)
            self._learn(failure)
            raise failure from None

    async def list_models(self, timeout_s: float = 15.0) -> tuple[str, ...]:
        """Names of the server's models; costs nothing, and shows whether address and key are good.

        Raises:
            AnalysisError: as `check`.
        """
        try:
            answer = await self._call("GET", "/models", timeout_s, None)
            return tuple(str(item["id"])[:200] for item in answer["data"][:_MODELS_MAX])
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, (KeyError, TypeError)):
                error = ValueError("no list of models")
            raise analysis_error(error, self._secrets) from None

    async def aclose(self) -> None:
        """Nothing outlives a call."""

    async def _call(self, method: str, path: str, timeout_s: float, body: Mapping[str, Any] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        limit = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            session() as http,
            http.request(method, self._base_url + path, json=body, headers=headers, timeout=limit) as response,
        ):
            raw = await response.read()
            if response.status != 200:
                raise status_error(response.status, _json_or_text(raw), response.headers, self._secrets)
        answer = json.loads(raw)
        if isinstance(answer, dict):
            return answer
        raise _no_answer(AnalysisFailure.UNREADABLE, "not an object")

    def _body(self, request: CheckRequest) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [{"type": "text", "text": context_text(request)}]
        for index, picture in enumerate(request.pictures):
            address = "data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode()
            parts.append({"type": "text", "text": caption(request, index)})
            parts.append({"type": "image_url", "image_url": {"url": address}})
        return {
            "model": self.model,
            "messages": [
                {"role": "system", "content": instructions(request.context.language)},
                {"role": "user", "content": parts},
            ],
            "temperature": _TEMPERATURE,
            "max_tokens": _ANSWER_TOKENS,
            "response_format": _response_format() if self._schema else {"type": "json_object"},
        }

    def _learn(self, failure: AnalysisError) -> None:
        """A server that refuses a schema is asked for plain JSON from then on; the answer is validated all the same."""
        told = failure.detail.lower()
        if failure.failure is AnalysisFailure.REQUEST_REJECTED and ("response format" in told or "schema" in told):
            self._schema = False


def _response_format() -> dict[str, Any]:
    schema = answer_schema() | {"additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "check", "strict": True, "schema": schema}}


def _text_of(answer: Mapping[str, Any]) -> str:
    """The whole answer, without the thoughts that some models put before it; half an answer is no answer."""
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise _no_answer(AnalysisFailure.EMPTY, "the answer holds no choice")
    finish, message = choices[0].get("finish_reason"), choices[0].get("message")
    if finish == "length":
        raise _no_answer(AnalysisFailure.TRUNCATED, "the answer was cut at its token limit")
    if finish == "content_filter":
        raise _no_answer(AnalysisFailure.BLOCKED, "the answer was withheld (content_filter)")
    if not isinstance(message, dict):
        raise _no_answer(AnalysisFailure.EMPTY, "the answer holds no message")
    if message.get("refusal"):
        raise _no_answer(AnalysisFailure.BLOCKED, "the model refused")
    if finish not in ("stop", None):
        raise _no_answer(AnalysisFailure.UNREADABLE, f"the answer ended with {str(finish)[:40]}")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return _THOUGHTS.sub("", content) if isinstance(content, str) else ""


def _usage_of(answer: Mapping[str, Any]) -> Usage:
    counted = answer.get("usage")
    if not isinstance(counted, dict):
        return Usage()
    return Usage(tokens_in=_count(counted.get("prompt_tokens")), tokens_out=_count(counted.get("completion_tokens")))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else None


def _json_or_text(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError, RecursionError:
        return raw[:2000].decode(errors="replace")


def _at_home(base_url: str) -> bool:
    """True where the address is this machine or the home's own network."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))


def _no_answer(failure: AnalysisFailure, detail: str) -> AnalysisError:
    return AnalysisError(failure, detail, remedy=Remedy.COUNT_UNREADABLE)
