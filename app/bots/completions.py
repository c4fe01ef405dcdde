"""OpenAI-compatible chat completions: one text for what was said so far, whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from pydantic import SecretStr

from app.bots.events import events_of
from app.bots.posting import Limits, Post, post, streamed
from app.bots.strict import read_json
from app.core.errors import BotError, BotMalformed

DONE = "[DONE]"
WHOLE = ("stop", "eos", "")
"""Reasons to finish that mean: this is all."""
NOT_WHOLE = {"length": "cut-off", "content_filter": "content-filter", "tool_calls": "tool-call"}
"""Reasons to finish that mean: this is not what the bot wanted to say; as codes."""


@dataclass(frozen=True, slots=True)
class Completions:
    """One endpoint. Both ways of asking raise BotError."""

    session: aiohttp.ClientSession
    url: str
    api_key: SecretStr | None
    limits: Limits

    async def whole(self, request: Mapping[str, object]) -> str:
        return _text(read_json(await post(self.session, self._post(request), self.limits)))

    async def streamed(self, request: Mapping[str, object]) -> str:
        pieces: list[str] = []
        finished = False
        async with streamed(self.session, self._post(request), self.limits) as chunks:
            async for event in events_of(chunks):
                if event.data == DONE:
                    finished = True
                    break
                choice = _choice(read_json(event.data))
                if choice is None:
                    continue  # a chunk about usage
                pieces.append(_content(choice, "delta"))
                finished = _finish(choice) or finished
        if not finished:
            raise BotMalformed("the bot's stream broke off", code="cut-off")
        return "".join(pieces)

    def _post(self, request: Mapping[str, object]) -> Post:
        body = json.dumps(request, ensure_ascii=False).encode()
        key = self.api_key
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        return Post(self.url, body, "application/json", headers=headers)


def _text(answer: object) -> str:
    choice = _choice(answer)
    if choice is None:
        raise BotMalformed("the bot's answer has no choices", code="wrong-shape")
    _finish(choice)
    return _content(choice, "message")


def _choice(answer: object) -> dict[str, object] | None:
    """The one choice. An error object counts as one even inside HTTP 200."""
    if not isinstance(answer, dict):
        raise BotMalformed("the bot's answer is no object", code="wrong-shape")
    if answer.get("error"):
        raise BotError("the bot reports an error", code="upstream")
    choices = answer.get("choices")
    if not isinstance(choices, list):
        raise BotMalformed("the bot's answer has no choices", code="wrong-shape")
    if not choices:
        return None
    if len(choices) > 1 or not isinstance(choices[0], dict) or choices[0].get("index", 0) != 0:
        raise BotMalformed("the bot gave several answers", code="wrong-shape")
    return choices[0]


def _content(choice: Mapping[str, object], place: str) -> str:
    """The text in the choice's "message" or "delta". Anything odd there may be a word lost: it is refused."""
    message = choice.get(place)
    if not isinstance(message, dict):
        raise BotMalformed(f"the bot's answer has no {place}", code="wrong-shape")
    if message.get("tool_calls"):
        raise BotMalformed("the bot wants to call a tool", code="tool-call")
    if message.get("refusal"):
        raise BotMalformed("the bot refuses to answer", code="refusal")
    content = message.get("content")
    if content is None:
        return ""
    if not isinstance(content, str):
        raise BotMalformed("the bot's content is no text", code="no-text")
    return content


def _finish(choice: Mapping[str, object]) -> bool:
    """Whether the text is complete. Raises BotMalformed where it ends, but not whole."""
    reason = choice.get("finish_reason")
    if reason is None:
        return False
    if reason not in WHOLE:
        code = NOT_WHOLE.get(reason, "wrong-shape") if isinstance(reason, str) else "wrong-shape"
        raise BotMalformed("the bot's text is not whole", code=code)
    return bool(reason)
