"""WeChat's customer-service message interface (客服消息), message/custom/send.

It knows no message id and no idempotency key: a request whose answer did not come is never sent again.
"""

from dataclasses import dataclass

import httpx

from app.core.errors import FateUnknown, TokenExpired
from app.core.records import Delivery
from app.platforms.posting import post
from app.platforms.wechat.api_answers import read_answer, require_ok
from app.platforms.wechat.customer_message import customer_message
from app.platforms.wechat.tokens import AccessTokens

SEND_WITHIN_S = 10.0
"""Two sends and a token between them stay well below a courier's lease."""


@dataclass(frozen=True, slots=True)
class WeChatClient:
    http: httpx.AsyncClient
    api_base: str
    tokens: AccessTokens

    async def send(self, delivery: Delivery) -> None:
        body = customer_message(delivery.user, delivery.reply)
        token = await self.tokens.current()
        try:
            await self._post(token, body)
        except TokenExpired:  # refused before it was looked at, so one more try sends it once
            await self._post(await self.tokens.renew(token), body)

    async def _post(self, token: str, body: bytes) -> None:
        answer = await post(
            self.http,
            f"{self.api_base}/cgi-bin/message/custom/send",
            body,
            "application/json; charset=utf-8",
            within_s=SEND_WITHIN_S,
            query={"access_token": token},
        )
        try:
            require_ok(read_answer(answer))
        except ValueError as error:
            raise FateUnknown("WeChat's answer is not the documented one", code="bad-answer") from error
