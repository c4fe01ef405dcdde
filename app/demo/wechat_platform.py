"""WeChat, as one account and its followers meet it: pushes out, answers and messages in."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx

from app.demo.answers import Abnormal, PassiveAnswer
from app.demo.inbox import Inbox, Received, Via
from app.demo.pushing import Pace, Pushed, PushResult, flowing, message_ids, push
from app.demo.wechat_account import Followers, WeChatAccount
from app.demo.wechat_answers import read_answer
from app.demo.wechat_pushes import fields_of, is_event, window_of
from app.demo.wechat_wire import WeChatWire, is_silence, signed_query
from app.demo.wechat_xml import Value, write
from app.ports import Clock, SignedRequest

FAULT_NOTICE = "该公众号暂时无法提供服务，请稍后再试"
"""What a follower sees when no try got an answer, or the answer was not one."""


@dataclass(slots=True)
class WeChatEmulator:
    account: WeChatAccount
    wire: WeChatWire
    webhook_url: str
    http: httpx.AsyncClient
    followers: Followers
    inbox: Inbox
    clock: Clock
    """Of pushes and of the inbox; windows and tokens go by the followers' own."""
    pace: Pace = field(default_factory=Pace)
    resends: asyncio.Event = field(default_factory=flowing)
    _ids: Iterator[int] = field(default_factory=message_ids)

    async def verify_url(self) -> bool:
        """Whether the webhook answers the platform's check of its address with exactly the echostr."""
        echostr = str(next(self._ids))
        query = {**signed_query(self.account.token, self.clock), "echostr": echostr}
        response = await self.http.get(self.webhook_url, params=query, timeout=self.pace.answer_within_s)
        return response.status_code == 200 and response.content == echostr.encode()

    async def push(
        self,
        user: str,
        kind: str = "text",
        fields: Mapping[str, Value] | None = None,
        lose_answers: int = 0,
    ) -> PushResult:
        """Push one message or event of `user`, as often as the platform would, and note what they received.

        `kind` is a MsgType or the name of an event. The first `lose_answers` answers get lost on the way.
        """
        asked_at = self.clock()
        content = self._content(user, kind, fields or {}, asked_at)
        self._note_follower(user, content)
        pushed = await push(
            self.http,
            self.webhook_url,
            lambda: self._sealed(user, write(content)),
            self.pace,
            lose_answers,
            self.resends,
        )
        answer, problem = self._read(user, pushed)
        self._show(user, answer, problem)
        return PushResult(
            user, str(content.get("MsgId", "")), asked_at, pushed.tries, answer=answer, problem=problem
        )

    def _content(
        self, user: str, kind: str, given: Mapping[str, Value], asked_at: datetime
    ) -> dict[str, Value]:
        """The fields of one push; events have no MsgId. What is given stands above all."""
        special = fields_of(kind, given)
        common: dict[str, Value] = {
            "ToUserName": self.account.account,
            "FromUserName": user,
            "CreateTime": int(asked_at.timestamp()),
        }
        if special["MsgType"] != "event":
            common["MsgId"] = next(self._ids)
        return {**common, **special}

    def _note_follower(self, user: str, content: Mapping[str, Value]) -> None:
        self.followers.wrote(user, window_of(content), by_event=is_event(content))
        if content.get("Event") == "unsubscribe":
            self.followers.unsubscribed(user)

    def _sealed(self, user: str, plain: bytes) -> SignedRequest:
        signed = self.wire.seal(plain)
        return replace(signed, query={**signed.query, "openid": user})

    def _read(self, user: str, pushed: Pushed) -> tuple[PassiveAnswer | None, str]:
        """What the follower is to see, and why they see the fault notice instead (empty: they do not)."""
        if pushed.body is None:
            return None, "no-answer"
        if is_silence(pushed.body):
            return None, ""
        try:
            return read_answer(self.wire.open(pushed.body), user, self.account.account), ""
        except Abnormal as error:
            return None, f"abnormal: {error}"

    def _show(self, user: str, answer: PassiveAnswer | None, problem: str) -> None:
        now = self.clock()
        if problem:
            self.inbox.add(Received(user, now, Via.NOTICE, "text", FAULT_NOTICE))
        elif answer is not None:
            self.inbox.add(Received(user, now, Via.PASSIVE, answer.kind, answer.text))
