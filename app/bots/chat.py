"""An OpenAI-compatible chat endpoint. Nothing leaves before the whole text has come."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from app.bots.events import events_of
from app.bots.posting import Post, post, streamed
from app.bots.speech import reply_of, spoken
from app.bots.strict import read_json
from app.core.errors import BotError, BotMalformed
from app.core.model import Conversation, Message, Reply
from app.settings import ChatBot

DONE = "[DONE]"
WHOLE = ("stop", "eos", "")
"""Reasons to finish that mean: this is all."""
NOT_WHOLE = {"length": "cut-off", "content_filter": "content-filter", "tool_calls": "tool-call"}
"""Reasons to finish that mean: this is not what the bot wanted to say; as codes."""


@dataclass(slots=True)
class ChatBotAdapter:
    name: str
    settings: ChatBot
    session: aiohttp.ClientSession

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        request = Post(
            self.settings.url,
            json.dumps(self._request(message, conversation), ensure_ascii=False).encode(),
            "application/json",
            headers=self._headers(),
        )
        if self.settings.stream:
            return reply_of(await self._streamed(request))
        return reply_of(_text(read_json(await post(self.session, request, self.settings))))

    def _headers(self) -> Mapping[str, str]:
        key = self.settings.api_key
        return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}

    def _request(self, message: Message, conversation: Conversation) -> Mapping[str, object]:
        said: list[dict[str, str]] = []
        if self.settings.system_prompt:
            said.append({"role": "system", "content": self.settings.system_prompt})
        turns = conversation.turns[-self.settings.history_turns :] if self.settings.history_turns else ()
        for turn in turns:
            said.append({"role": "user", "content": turn.asked})
            if turn.answered:
                said.append({"role": "assistant", "content": turn.answered})
        said.append({"role": "user", "content": spoken(message)})
        wanted = {"temperature": self.settings.temperature, "max_tokens": self.settings.max_tokens}
        return {
            "model": self.settings.model,
            "messages": said,
            "stream": self.settings.stream,
            **{name: value for name, value in wanted.items() if value is not None},
        }

    async def _streamed(self, request: Post) -> str:
        pieces: list[str] = []
        finished = False
        async with streamed(self.session, request, self.settings) as chunks:
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
