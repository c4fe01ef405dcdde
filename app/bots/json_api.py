"""Any HTTP API that takes and gives JSON, described by its configuration."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from app.bots.events import Event, events_of, lines_of
from app.bots.paths import JsonPath, spelled
from app.bots.posting import Post, get, post, streamed
from app.bots.speech import reply_of, spoken
from app.bots.strict import read_json
from app.core.errors import BotError, BotMalformed, BotTimeout, ConfigError
from app.core.model import Conversation, Message, Reply
from app.settings.bots import JsonBot, JsonPoll, JsonStream

_SLOT = re.compile(r"\{([a-z_]+)\}")
_PATH_SLOT = re.compile(r"\{([^{}]+)\}")
SLOTS = frozenset({"text", "user", "channel", "message_id"})


@dataclass(slots=True)
class JsonBotAdapter:
    """Raises ConfigError for a template or path that cannot be used."""

    name: str
    settings: JsonBot
    session: aiohttp.ClientSession
    _reply: JsonPath = field(init=False)
    _error: JsonPath | None = field(init=False)
    _success: tuple[tuple[JsonPath, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        require_usable(self.name, self.settings)
        self._reply = JsonPath.of(self.settings.reply_path)
        self._error = JsonPath.of(self.settings.error_path) if self.settings.error_path else None
        self._success = tuple((JsonPath.of(path), value) for path, value in self.settings.success.items())

    async def ask(self, message: Message, conversation: Conversation) -> Reply | None:
        try:
            async with asyncio.timeout(self.settings.give_up_after_s):
                return reply_of(await self._answer(self._request(message)))
        except TimeoutError as error:
            raise BotTimeout("the bot did not answer in time") from error

    async def _answer(self, request: Post) -> str:
        if self.settings.stream is not None:
            return await self._streamed(request, self.settings.stream)
        answer = read_json(await post(self.session, request, self.settings))
        self._require_success(answer)
        if self.settings.poll is not None:
            answer = await self._polled(answer, self.settings.poll)
        return self._text(answer)

    def _request(self, message: Message) -> Post:
        values = {
            "text": spoken(message),
            "user": message.user,
            "channel": message.channel,
            "message_id": message.key,
        }
        body = json.dumps(_filled(self.settings.request, values), ensure_ascii=False)
        return Post(self.settings.url, body.encode(), "application/json", headers=self._headers())

    def _headers(self) -> Mapping[str, str]:
        return {name: value.get_secret_value() for name, value in self.settings.headers.items()}

    def _text(self, answer: object) -> str:
        if not self._reply.leads(answer, self.settings.keep):
            raise BotMalformed("nothing stands at reply_path", code="wrong-shape")
        return "\n".join(_texts(self._reply.find(answer, self.settings.keep)))

    def _require_success(self, answer: object) -> None:
        self._require_no_error(answer)
        for path, wanted in self._success:
            if [spelled(one) for one in path.find(answer)] != [wanted]:
                raise BotError("the bot does not report success", code="upstream")

    def _require_no_error(self, answer: object) -> None:
        if self._error is not None and any(self._error.find(answer)):
            raise BotError("the bot reports an error", code="upstream")

    async def _polled(self, ticket: object, poll: JsonPoll) -> object:
        state = JsonPath.of(poll.state_path)
        answer = ticket
        while True:
            found = {spelled(one) for one in state.find(answer)}
            if found & set(poll.failed):
                raise BotError("the bot reports a failure", code="upstream")
            if found & set(poll.done):
                break
            await asyncio.sleep(poll.every_s)
            answer = await self._fetched(poll.url, ticket)
        return await self._fetched(poll.result_url, ticket) if poll.result_url else answer

    async def _fetched(self, url: str, ticket: object) -> object:
        request = Post(_addressed(url, ticket), b"", "application/json", headers=self._headers())
        answer = read_json(await get(self.session, request, self.settings))
        self._require_success(answer)
        return answer

    async def _streamed(self, request: Post, stream: JsonStream) -> str:
        kind_path = JsonPath.of(stream.kind_path) if stream.kind_path else None
        pieces: list[str] = []
        async with streamed(self.session, request, self.settings) as chunks:
            async for event in _pieces(chunks, stream):
                if event.data in stream.end_kinds:
                    return "".join(pieces)
                document = read_json(event.data)
                kind = "".join(map(spelled, kind_path.find(document))) if kind_path else event.name
                if kind in stream.error_kinds:
                    raise BotError("the bot reports an error", code="upstream")
                self._require_no_error(document)
                ends = kind in stream.end_kinds
                if not stream.text_kinds or kind in stream.text_kinds:
                    pieces.append(self._piece(document, may_lack_text=ends))
                if ends:
                    return "".join(pieces)
        raise BotMalformed("the bot's stream broke off", code="cut-off")

    def _piece(self, document: object, *, may_lack_text: bool) -> str:
        if not may_lack_text and not self._reply.leads(document, self.settings.keep):
            raise BotMalformed("a piece of the answer has no text", code="wrong-shape")
        return "".join(_texts(self._reply.find(document, self.settings.keep)))


def require_usable(name: str, settings: JsonBot) -> None:
    """Raises ConfigError for a slot nobody fills, a path that is none, a key that would go unheeded."""
    if settings.stream and (settings.poll or settings.success):
        raise ConfigError(
            f"bots.{name}: poll and success are for answers in one piece; use stream.error_kinds"
        )
    if settings.keep and "[*]" not in settings.reply_path:
        raise ConfigError(f"bots.{name}.keep: picks entries of a list; write [*] in reply_path")
    try:
        written = json.dumps(settings.request, allow_nan=False)
    except (TypeError, ValueError):
        raise ConfigError(f"bots.{name}.request: only JSON values; write dates as text") from None
    unknown = set(_SLOT.findall(written)) - SLOTS
    if unknown:
        known = ", ".join(sorted(SLOTS))
        raise ConfigError(f"bots.{name}.request: there is no {{{min(unknown)}}}; known: {known}")
    paths = [settings.reply_path, settings.error_path, *settings.success]
    paths += [settings.stream.kind_path] if settings.stream else []
    if settings.poll:
        slots = _PATH_SLOT.findall(settings.poll.url + settings.poll.result_url)
        paths += [settings.poll.state_path, *slots]
    for path in paths:
        try:
            JsonPath.of(path)
        except ConfigError as error:
            raise ConfigError(f"bots.{name}: {error}") from None


async def _pieces(chunks: AsyncIterator[bytes], stream: JsonStream) -> AsyncIterator[Event]:
    if stream.format == "events":
        async for event in events_of(chunks):
            yield event
        return
    async for line in lines_of(chunks):
        if line.strip():
            yield Event("", line)


def _texts(values: Sequence[object]) -> list[str]:
    texts = [one for one in values if isinstance(one, str)]
    if len(texts) != len(values):
        raise BotMalformed("what stands at reply_path is no text", code="no-text")
    return texts


def _filled(template: object, values: Mapping[str, str]) -> object:
    """The template with its slots filled, once: a citizen's "{user}" stays what the citizen wrote."""
    match template:
        case str():
            return _SLOT.sub(lambda slot: values[slot[1]], template)
        case dict():
            return {key: _filled(value, values) for key, value in template.items()}
        case list() | tuple():
            return [_filled(value, values) for value in template]
        case _:
            return template


def _addressed(url: str, ticket: object) -> str:
    """The address with values of the ticket; only plain identifiers, so that no answer steers the address."""

    def value(slot: re.Match[str]) -> str:
        found = [spelled(one) for one in JsonPath.of(slot[1]).find(ticket)]
        if len(found) != 1 or re.fullmatch(r"[A-Za-z0-9_-]{1,128}", found[0]) is None:
            raise BotMalformed("the bot's ticket cannot be followed", code="wrong-shape")
        return found[0]

    return _PATH_SLOT.sub(value, url)
