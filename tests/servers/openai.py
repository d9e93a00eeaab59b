"""A local server of the OpenAI wire (chat/completions), as vLLM, LM Studio and llama.cpp speak it."""

import base64
from typing import Any

from .gemini import GeminiRequest, GeminiServer, Scenario
from .gemini_answers import ERRORS

_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter"}


class OpenAiServer(GeminiServer):
    """The same scenarios over another wire. `url` + "/v1" is the base URL."""

    def _is_check(self, path: str) -> bool:
        return path.endswith("/chat/completions")

    def _error(self, scenario: str) -> tuple[int, dict[str, Any]]:
        code, body = ERRORS[scenario]
        error = body["error"]
        kind = "insufficient_quota" if scenario == "429_daily" else str(error["status"]).lower()
        if scenario in ("invalid_key", "expired_key"):
            code, kind = 401, "invalid_api_key"
        return code, {"error": {"message": error["message"], "type": kind, "code": kind, "param": None}}

    def _media(self, body: Any) -> tuple[tuple[bytes, ...], str]:
        if not isinstance(body, dict):
            return (), ""
        contents = [message["content"] for message in body.get("messages", [])]
        texts = [content for content in contents if isinstance(content, str)]
        parts = [part for content in contents if isinstance(content, list) for part in content]
        texts += [part["text"] for part in parts if part["type"] == "text"]
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        return tuple(base64.b64decode(url.partition(",")[2]) for url in urls), "\n".join(texts)

    def _check_body(self, scenario: Scenario, request: GeminiRequest) -> dict[str, Any]:
        answer = super()._check_body(scenario, request)
        usage = answer["usageMetadata"]
        candidates = answer.get("candidates", [])
        choices = [
            {
                "index": index,
                "message": _message(candidate),
                "finish_reason": _FINISH[candidate["finishReason"]],
            }
            for index, candidate in enumerate(candidates)
        ]
        return {
            "id": "local",
            "object": "chat.completion",
            "model": "local",
            "choices": choices,
            "usage": {
                "prompt_tokens": usage["promptTokenCount"],
                "completion_tokens": usage["candidatesTokenCount"],
                "total_tokens": usage["totalTokenCount"],
            },
        }

    def _other(self, request: GeminiRequest, scenario: Scenario) -> tuple[int, dict[str, Any]]:
        if request.path.endswith("/models"):
            return 200, {"object": "list", "data": [{"id": "local-vision", "object": "model"}]}
        return 404, {"error": {"message": "no such path", "type": "not_found", "code": "not_found"}}


def _message(candidate: dict[str, Any]) -> dict[str, Any]:
    parts = candidate.get("content", {}).get("parts", [])
    thoughts = "".join(part["text"] for part in parts if part.get("thought"))
    spoken = "".join(part["text"] for part in parts if not part.get("thought"))
    # Reasoning models of local servers put their thoughts in front of the answer.
    return {"role": "assistant", "content": f"<think>{thoughts}</think>\n{spoken}" if thoughts else spoken}
