"""The account's access token: fetched by one, shared by all replicas, renewed when the one in use fails.

`stable_token` keeps giving out the same token until five minutes before its end and is separate from the old
`token` interface, so that a vendor who still holds the secret cannot push ours out.
Source: developers.weixin.qq.com, api_getstableaccesstoken.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from app.core.errors import FateUnknown, PlatformBusy, PlatformError, TokenExpired
from app.core.strict_json import parse_object
from app.platforms.posting import post
from app.platforms.wechat.api_answers import read_answer, require_ok
from app.ports import Clock, Coordinator

MARGIN = timedelta(minutes=2)
"""Given up this long before its end: inside the last five minutes, where a new one is given out."""

LONGEST = timedelta(hours=2)
"""No token lives longer, whatever `expires_in` says."""

FORCE_EVERY = timedelta(seconds=30)
"""The platform allows a forced refresh every 30 s, and 20 a day."""

FETCH_WITHIN_S = 5.0

LOCK_LEASE = timedelta(seconds=15)
"""Longer than two fetches, which are the most that happen under the lock."""


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    good_until: datetime


@dataclass(frozen=True, slots=True)
class AccessTokens:
    http: httpx.AsyncClient
    api_base: str
    app_id: str
    secret: str = field(repr=False)
    coordinator: Coordinator
    clock: Clock

    async def current(self) -> str:
        """The token in use, fetched where there is none.

        Raises PlatformBusy (no token could be had now, nothing was sent), PlatformError (the account's
        credentials or address are refused).
        """
        token = await self._shared()
        if token is not None:
            return token.value
        async with self.coordinator.lock(self._key("lock"), LOCK_LEASE):
            token = await self._shared() or await self._fetch(force=False)
            return token.value

    async def renew(self, failed: str) -> str:
        """Another token than `failed`, which the platform has refused.

        Whoever comes second gets what the first one fetched. Raises TokenExpired where there is no other, and
        like `current`.
        """
        async with self.coordinator.lock(self._key("lock"), LOCK_LEASE):
            token = await self._shared()
            if token is None or token.value == failed:
                token = await self._fetch(force=False)
            if token.value == failed and await self._may_force():
                token = await self._fetch(force=True)
            if token.value == failed:
                raise TokenExpired("the access token was refused and cannot be renewed yet", code="40001")
            return token.value

    async def _shared(self) -> Token | None:
        """What a replica, perhaps this one, has fetched and is still good."""
        stored = await self.coordinator.get(self._key("token"))
        token = _read_stored(stored) if stored else None
        return token if token is not None and token.good_until > self.clock() else None

    async def _may_force(self) -> bool:
        if await self.coordinator.get(self._key("forced")) is not None:
            return False
        await self.coordinator.put(self._key("forced"), "1", FORCE_EVERY)
        return True

    async def _fetch(self, *, force: bool) -> Token:
        request = {
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.secret,
            "force_refresh": force,
        }
        url = f"{self.api_base}/cgi-bin/stable_token"
        try:
            answer = await post(
                self.http, url, json.dumps(request).encode(), "application/json", within_s=FETCH_WITHIN_S
            )
            fields = read_answer(answer)
            require_ok(fields, default=0)  # a token comes without an errcode
            value, lifetime = fields.get("access_token"), _lifetime(fields.get("expires_in"))
            if not isinstance(value, str) or not value:
                raise ValueError("no access_token")
        except TokenExpired as error:  # on this interface 40001 speaks of the secret
            raise PlatformError("app_id and app_secret do not match", code=error.code) from error
        except FateUnknown as error:  # no message has left, whatever became of the token
            raise PlatformBusy("no access token came", code="no-token") from error
        except ValueError as error:
            raise PlatformBusy("the answer holds no access token", code="no-token") from error
        token = Token(value, self.clock() + lifetime)
        await self._share(token, lifetime)
        return token

    async def _share(self, token: Token, lifetime: timedelta) -> None:
        stored = {"token": token.value, "good_until": token.good_until.timestamp()}
        await self.coordinator.put(self._key("token"), json.dumps(stored), lifetime)

    def _key(self, name: str) -> str:
        return f"wechat:{self.app_id}:{name}"


def _read_stored(stored: str) -> Token | None:
    try:
        fields = parse_object(stored)
        value, until = fields["token"], fields["good_until"]
        if isinstance(value, str) and isinstance(until, int | float):
            return Token(value, datetime.fromtimestamp(until, UTC))
    except (ValueError, KeyError, OverflowError, OSError):
        return None
    return None


def _lifetime(expires_in: object) -> timedelta:
    """How long to use a token that lives `expires_in` seconds. Raises ValueError."""
    if isinstance(expires_in, bool) or not isinstance(expires_in, int) or expires_in <= 0:
        raise ValueError("expires_in is no number of seconds")
    whole = min(timedelta(seconds=min(expires_in, 86_400)), LONGEST)
    return max(whole - MARGIN, whole / 2)
