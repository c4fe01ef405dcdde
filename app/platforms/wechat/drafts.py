"""What lies in the account's drafts: read before it is judged, and once more before it is published."""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx

from app.core.errors import ContentChanged, FateUnknown, PlatformBusy, PlatformError
from app.core.model import Message, Reply
from app.core.submission import Submission
from app.platforms.posting import post
from app.platforms.wechat.api_answers import read_answer, require_ok
from app.platforms.wechat.articles import MOST_ARTICLES, pin_of, reply_of
from app.platforms.wechat.tokens import AccessTokens

READ_WITHIN_S = 10.0
PIN = "draft_sha256"
LEASE = timedelta(seconds=45)
"""No vendor's change of a draft comes between its last reading and its publication."""


@dataclass(frozen=True, slots=True)
class Drafts:
    http: httpx.AsyncClient
    api_base: str
    tokens: AccessTokens

    async def with_words(self, submission: Submission) -> Submission:
        """The submission with what its draft says now, pinned. Raises PlatformError."""
        reply, pin = await self._read(submission.extra["media_id"])
        return replace(submission, reply=reply, extra={**submission.extra, PIN: pin})

    def locked(self, media_id: str) -> AbstractAsyncContextManager[None]:
        """While it is held, nobody changes the draft through us, or publishes it."""
        return self.tokens.coordinator.lock(f"draft:{media_id}", LEASE)

    async def require_unchanged(self, message: Message) -> None:
        """Raises ContentChanged, PlatformError; nothing is known to be wrong with it otherwise."""
        _, pin = await self._read(message.extra["media_id"])
        if pin != message.extra.get(PIN):
            raise ContentChanged("the draft was changed after it was judged", code="draft-changed")

    async def _read(self, media_id: str) -> tuple[Reply, str]:
        token = await self.tokens.current()
        try:
            answer = await post(
                self.http,
                f"{self.api_base}/cgi-bin/draft/get",
                json.dumps({"media_id": media_id}).encode(),
                "application/json; charset=utf-8",
                within_s=READ_WITHIN_S,
                query={"access_token": token},
            )
            fields = read_answer(answer)
            require_ok(fields, default=0)  # a draft comes without an errcode
            items = _items(fields)
        except FateUnknown as error:  # it was only read
            raise PlatformBusy("the draft could not be read", code="no-draft") from error
        except ValueError as error:
            raise PlatformError("the answer holds no draft", code="bad-draft") from error
        return reply_of(items), pin_of(items)


def _items(fields: Mapping[str, object]) -> list[Mapping[str, object]]:
    items = fields.get("news_item")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ARTICLES:
        raise ValueError("news_item is no list of articles")
    if not all(isinstance(item, dict) for item in items):
        raise ValueError("an article is no object")
    return items
