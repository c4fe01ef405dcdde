"""WeChat's send interfaces: customer-service messages (客服消息), and what vendors submit beside them.

They know no idempotency key that every call takes: a request whose answer did not come is never sent again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from app.core.errors import FateUnknown, TokenExpired
from app.core.records import Delivery
from app.core.submission import Way, way_of
from app.platforms.posting import post
from app.platforms.wechat.api_answers import read_answer, require_ok
from app.platforms.wechat.calls import SENT_BY_PATH, Call, call_of, is_draft
from app.platforms.wechat.customer_message import customer_message
from app.platforms.wechat.drafts import Drafts
from app.platforms.wechat.pushed import KF_ACCOUNT
from app.platforms.wechat.tokens import AccessTokens

SEND_WITHIN_S = 10.0
"""Two sends, a token and a draft between them stay below a courier's lease."""


@dataclass(frozen=True, slots=True)
class WeChatClient:
    http: httpx.AsyncClient
    api_base: str
    tokens: AccessTokens

    @property
    def drafts(self) -> Drafts:
        return Drafts(self.http, self.api_base, self.tokens)

    async def send(self, delivery: Delivery) -> str:
        if way_of(delivery.message) in (None, Way.MESSAGE):
            desk = delivery.message.extra.get(KF_ACCOUNT, "") if way_of(delivery.message) else ""
            path = SENT_BY_PATH[Way.MESSAGE]
            return await self._call(Call(path, customer_message(delivery.user, delivery.reply, desk)))
        call = call_of(delivery.message, delivery.reply, delivery.exchange_id)
        if not is_draft(delivery.message):
            return await self._call(call)
        async with self.drafts.locked(delivery.message.extra["media_id"]):
            await self.drafts.require_unchanged(delivery.message)
            return await self._call(call)

    async def _call(self, call: Call) -> str:
        token = await self.tokens.current()
        try:
            return await self._post(token, call)
        except TokenExpired:  # refused before it was looked at, so one more try sends it once
            return await self._post(await self.tokens.renew(token), call)

    async def _post(self, token: str, call: Call) -> str:
        answer = await post(
            self.http,
            f"{self.api_base}{call.path}",
            call.body,
            "application/json; charset=utf-8",
            within_s=SEND_WITHIN_S,
            query={"access_token": token},
        )
        try:
            fields = read_answer(answer)
            require_ok(fields)
        except ValueError as error:
            raise FateUnknown("WeChat's answer is not the documented one", code="bad-answer") from error
        return _receipt(fields)


def _receipt(fields: Mapping[str, object]) -> str:
    """Its ids, for who asks later what became of it."""
    named = {name: value for name, value in fields.items() if name not in ("errcode", "errmsg")}
    return json.dumps(named, ensure_ascii=False) if named else ""
