"""An OpenAI-compatible chat endpoint. Nothing leaves before the whole text has come."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from app.bots.completions import Completions
from app.bots.speech import reply_of, spoken
from app.core.model import Conversation, Message, Reply
from app.settings.bots import ChatBot


@dataclass(slots=True)
class ChatBotAdapter:
    name: str
    settings: ChatBot
    session: aiohttp.ClientSession

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        bot = Completions(self.session, self.settings.url, self.settings.api_key, self.settings)
        request = self._request(message, conversation)
        return reply_of(await (bot.streamed if self.settings.stream else bot.whole)(request))

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
