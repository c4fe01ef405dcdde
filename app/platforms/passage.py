"""Calls of vendors that carry no words, made with the account's own token, which they never see."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx

from app.core.errors import FateUnknown, PlatformBusy
from app.platforms.posting import MAX_ANSWER_BYTES

WITHIN_S = 30.0
_ASKED_FOR = {"Accept-Encoding": "identity"}


class Tokens(Protocol):
    async def current(self) -> str:
        """The account's own. Raises PlatformError."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The platform's answer while it streams."""

    status: int
    media_type: str
    disposition: str
    """Its Content-Disposition: a downloaded file's name."""
    body: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Passage:
    http: httpx.AsyncClient
    api_base: str
    tokens: Tokens

    @asynccontextmanager
    async def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: AsyncIterator[bytes] | bytes | None = None,
        media_type: str = "",
    ) -> AsyncIterator[Passed]:
        """`path` and `query` are ours, not the vendor's spelling. Raises PlatformError."""
        headers = {**_ASKED_FOR, **({"Content-Type": media_type} if media_type else {})}
        token = await self.tokens.current()
        try:
            async with self.http.stream(
                method,
                f"{self.api_base}{path}",
                params={**query, "access_token": token},
                content=body,
                headers=headers,
                timeout=WITHIN_S,
            ) as answer:
                yield Passed(
                    answer.status_code,
                    answer.headers.get("content-type", "application/json"),
                    answer.headers.get("content-disposition", ""),
                    answer.aiter_raw(MAX_ANSWER_BYTES),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise PlatformBusy("the platform cannot be reached", code="unreachable") from error
        except httpx.HTTPError as error:
            raise FateUnknown("the platform's answer did not come", code="no-answer") from error
