"""What WeChat tells of replies that are not ours: its own automatic ones, and the customer-service records.

Source: developers.weixin.qq.com, api_getcurrentautoreplyinfo and api_getmsglist. The first tells nothing of
智能对话 and of third-party platforms; the second is only for accounts with customer service (65400 else).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from app.core.errors import PlatformError, TokenExpired
from app.core.shown import Look, Shown
from app.platforms.posting import get, post
from app.platforms.wechat.api_answers import read_answer, require_ok
from app.platforms.wechat.tokens import AccessTokens

WITHIN_S = 10.0
MOST_BYTES = 4_194_304
"""All of an account's rules stand in one answer."""
SETTLED = timedelta(minutes=2)
"""What is younger may not be on our own record yet."""
LONGEST = timedelta(hours=24)
"""A query spans no more (65417)."""
PAGE = 200
MOST_PAGES = 100
SENT = 2002
"""`opercode` of what customer service sent."""


@dataclass(frozen=True, slots=True)
class WeChatWatch:
    http: httpx.AsyncClient
    api_base: str
    tokens: AccessTokens

    async def switched_on(self) -> Sequence[str]:
        """Of follow, message and keyword. Stored keyword rules count: whether they are on is not told."""
        fields = await self._asked("/cgi-bin/get_current_autoreply_info")
        try:
            on = [name for name, key in _SWITCHES.items() if _flag(fields, key)]
            return [*on, *(["keyword"] if _keywords(fields) else [])]
        except ValueError as error:
            raise PlatformError("the answer is not the documented one", code="bad-answer") from error

    async def shown(self, mark: str, now: datetime) -> Look:
        """`mark`: seconds since 1970."""
        latest = int((now - SETTLED).timestamp())
        if not mark:
            return Look(str(latest))
        first = int(mark)
        last = min(latest, first + int(LONGEST.total_seconds()))
        if last <= first:
            return Look(mark)
        return Look(str(last), await self._records(first, last))

    async def _records(self, first: int, last: int) -> Sequence[Shown]:
        found: list[Shown] = []
        after, last_seen = 1, None
        for _ in range(MOST_PAGES):
            wanted = {"starttime": first, "endtime": last, "msgid": after, "number": PAGE}
            fields = await self._asked("/customservice/msgrecord/getmsglist", json.dumps(wanted).encode())
            try:
                records, after = _listed(fields)
                # Whether the next page begins at this id or behind it, the documents do not say.
                fresh = records[1:] if records and records[0] == last_seen else records
                found += [_shown(one) for one in fresh if one.get("opercode") == SENT]
                last_seen = records[-1] if records else None
            except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
                raise PlatformError("the answer is not the documented one", code="bad-answer") from error
            if len(records) < PAGE:
                # The second at which one query ends begins the next one.
                return [one for one in found if first <= one.at.timestamp() < last]
        raise PlatformError("more records than can be looked through", code="too-many")

    async def _asked(self, path: str, body: bytes | None = None) -> Mapping[str, object]:
        """Raises PlatformError."""
        token = await self.tokens.current()
        try:
            return await self._once(path, body, token)
        except TokenExpired:
            return await self._once(path, body, await self.tokens.renew(token))

    async def _once(self, path: str, body: bytes | None, token: str) -> Mapping[str, object]:
        url, query = f"{self.api_base}{path}", {"access_token": token}
        if body is None:
            answer = await get(self.http, url, query, within_s=WITHIN_S, most_bytes=MOST_BYTES)
        else:
            answer = await post(self.http, url, body, "application/json", within_s=WITHIN_S, query=query)
        try:
            fields = read_answer(answer)
            require_ok(fields, default=0)
        except ValueError as error:
            raise PlatformError("the answer is not the documented one", code="bad-answer") from error
        return fields


_SWITCHES = {"follow": "is_add_friend_reply_open", "message": "is_autoreply_open"}


def _flag(fields: Mapping[str, object], key: str) -> bool:
    """Raises ValueError."""
    value = fields.get(key)
    if value not in (0, 1):
        raise ValueError(f"{key} is neither 0 nor 1")
    return bool(value)


def _keywords(fields: Mapping[str, object]) -> bool:
    """Raises ValueError."""
    rules = fields.get("keyword_autoreply_info", {})
    if not isinstance(rules, dict) or not isinstance(rules.get("list", []), list):
        raise ValueError("keyword_autoreply_info holds no list")
    return bool(rules.get("list"))


def _listed(fields: Mapping[str, object]) -> tuple[Sequence[Mapping[str, object]], int]:
    """The records of one page, and after which id the next one begins. Raises ValueError."""
    records, last_id = fields.get("recordlist"), fields.get("msgid")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise ValueError("recordlist is no list of objects")
    if isinstance(last_id, bool) or not isinstance(last_id, int):
        raise ValueError("msgid is no number")
    return records, last_id


def _shown(record: Mapping[str, object]) -> Shown:
    """Raises ValueError, KeyError, OverflowError, OSError."""
    user, text, at, worker = (record[name] for name in ("openid", "text", "time", "worker"))
    if isinstance(at, bool) or not isinstance(at, int):
        raise ValueError("time is no number")
    if not (isinstance(user, str) and isinstance(text, str) and isinstance(worker, str)):
        raise ValueError("a record's field is no text")
    return Shown(worker, user, datetime.fromtimestamp(at, UTC), text)
