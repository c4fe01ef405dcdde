"""Weibo, as one account and its followers meet it: private messages, mentions, events and comments."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import httpx

from app.demo.answers import Abnormal, PassiveAnswer
from app.demo.inbox import Inbox, Received, Via
from app.demo.pushing import Pace, Pushed, PushResult, flowing, message_ids, push
from app.demo.weibo_account import Comment, Comments, Post, WeiboAccount, Windows
from app.demo.weibo_answers import read_answer
from app.platforms.signatures import signature_of
from app.ports import Clock, SignedRequest

BEIJING = timezone(timedelta(hours=8))

EVENTS: Mapping[str, str] = {
    "follow": "关注事件消息",
    "unfollow": "取消关注事件消息",
    "subscribe": "订阅事件消息",
    "unsubscribe": "取消订阅事件消息",
    "scan": "扫描二维码事件消息",
    "scan_follow": "扫描二维码关注事件消息",
    "click": "菜单点击事件消息",
    "view": "菜单跳转事件消息",
}
"""Subtype -> the caption the platform puts into `text`."""

EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "text": {},
    "position": {"longitude": "117.491", "latitude": "30.664"},
    "voice": {"vfid": 1001, "tovfid": 1002},
    "image": {"vfid": 1003, "tovfid": 1004},
}
"""Type -> example `data`."""

_LEAVING = frozenset({"unfollow", "unsubscribe"})
_OPENS_NOTHING = frozenset({"view", "mention", "comment"})


@dataclass(slots=True)
class WeiboEmulator:
    account: WeiboAccount
    webhook_url: str
    http: httpx.AsyncClient
    windows: Windows
    comments: Comments
    inbox: Inbox
    clock: Clock
    pace: Pace = field(default_factory=Pace)
    resends: asyncio.Event = field(default_factory=flowing)
    ids: Iterator[int] = field(default_factory=message_ids)
    _last_created: dict[int, datetime] = field(default_factory=dict)

    async def verify_url(self) -> bool:
        """Whether the webhook answers the platform's check of its address with exactly the echostr."""
        echostr = str(next(self.ids))
        query = {**self._signed_query(), "echostr": echostr}
        response = await self.http.get(self.webhook_url, params=query, timeout=self.pace.answer_within_s)
        return response.status_code == 200 and response.content == echostr.encode()

    async def push(
        self,
        user: int,
        kind: str = "text",
        text: str = "",
        data: Mapping[str, object] | None = None,
        lose_answers: int = 0,
    ) -> PushResult:
        """Push one message or event of `user`, as often as the platform would, and note what they received.

        `kind` is a type or the subtype of an event. The first `lose_answers` answers get lost on the way.
        """
        asked_at = self.clock()
        content = self._content(user, kind, text, data or {}, self._created_at(user, asked_at))
        self._note_follower(user, kind)
        body = json.dumps(content, ensure_ascii=False).encode()
        pushed = await push(
            self.http, self.webhook_url, lambda: self._signed(body), self.pace, lose_answers, self.resends
        )
        answer, problem = self._read(user, pushed)
        if answer is not None:
            self.inbox.add(Received(str(user), self.clock(), Via.PASSIVE, answer.kind, answer.text))
        key = f"{user}:{content['created_at']}"
        return PushResult(str(user), key, asked_at, pushed.tries, answer=answer, problem=problem)

    def comment(self, user: int, text: str, status_id: int) -> Comment:
        """A citizen comments below the account's post. No webhook tells of it: a bot finds it by polling."""
        comment = Comment(next(self.ids), status_id, user, f"用户{user}", text, self.clock())
        self.comments.posts.setdefault(status_id, self.account.uid)
        self.comments.add(comment)
        return comment

    async def mention(self, user: int, text: str, status_id: int) -> PushResult:
        """A citizen's own post names the account; answered by a comment below that post."""
        self.comments.posts[status_id] = user
        self.comments.mentions.append(Post(status_id, user, text))
        return await self.push(user, "mention", text, {"subtype": "status", "key": str(status_id)})

    def _note_follower(self, user: int, kind: str) -> None:
        if kind in _LEAVING:
            self.windows.closed(user)
        elif kind not in _OPENS_NOTHING:
            self.windows.opened(user)

    def _created_at(self, user: int, asked_at: datetime) -> datetime:
        """To the second, but never the same one twice: sender and second are all that names a message."""
        now = asked_at.replace(microsecond=0)
        last = self._last_created.get(user)
        created_at = now if last is None or now > last else last + timedelta(seconds=1)
        self._last_created[user] = created_at
        return created_at

    def _content(
        self, user: int, kind: str, text: str, data: Mapping[str, object], created_at: datetime
    ) -> dict[str, object]:
        is_event = kind in EVENTS
        example: Mapping[str, object] = {"subtype": kind, "key": ""} if is_event else EXAMPLES.get(kind, {})
        return {
            "type": "event" if is_event else kind,
            "receiver_id": self.account.uid,
            "sender_id": user,
            "created_at": created_at.astimezone(BEIJING).strftime("%a %b %d %H:%M:%S %z %Y"),
            "text": text or EVENTS.get(kind, ""),
            "data": {**example, **data},
        }

    def _signed(self, body: bytes) -> SignedRequest:
        return SignedRequest(self._signed_query(), body, "application/json; charset=utf-8")

    def _signed_query(self) -> dict[str, str]:
        """The app secret plays the part of WeChat's token; the timestamp is in milliseconds."""
        timestamp, nonce = str(int(self.clock().timestamp() * 1000)), str(next(self.ids) % 10**8)
        signed = signature_of(self.account.app_secret, timestamp, nonce)
        return {"signature": signed, "timestamp": timestamp, "nonce": nonce}

    def _read(self, user: int, pushed: Pushed) -> tuple[PassiveAnswer | None, str]:
        """What the follower is to see, and what was wrong with the answer (empty: nothing)."""
        if pushed.body is None:
            return None, "no-answer"
        if pushed.body in (b"", b'""'):
            return None, ""
        try:
            return read_answer(pushed.body, user, self.account.uid), ""
        except Abnormal as error:
            return None, f"abnormal: {error}"
