"""The account's own comments, as Weibo lists them. Source: open.weibo.com/wiki, 2/comments/by_me."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from app.core.errors import PlatformError
from app.core.shown import Look, Shown
from app.core.strict_json import parse_object
from app.platforms.posting import HttpAnswer, get
from app.platforms.weibo.refusals import error_of

WITHIN_S = 10.0
MOST_BYTES = 4_194_304
SETTLED = timedelta(minutes=2)
"""What is younger may not be on our own record yet."""
PAGE = 50
MOST_PAGES = 40


@dataclass(frozen=True, slots=True)
class WeiboWatch:
    http: httpx.AsyncClient
    api_base: str
    access_token: str = field(repr=False)

    async def shown(self, mark: str, now: datetime) -> Look:
        """`mark`: the id of the last comment that was looked at; "0" where there was none."""
        found = await self._comments(int(mark or 0), first_page_only=not mark)
        settled = [one for one in found if one.at <= now - SETTLED]
        newest = str(max([int(mark or 0), *(int(one.id) for one in settled)]))
        return Look(newest, settled if mark else ())

    async def _comments(self, since: int, *, first_page_only: bool) -> Sequence[Shown]:
        """Newer than `since`, newest first. Raises PlatformError."""
        found: list[Shown] = []
        for page in range(1, MOST_PAGES + 1):
            query = {
                "access_token": self.access_token,
                "since_id": str(since),
                "count": str(PAGE),
                "page": str(page),
            }
            url = f"{self.api_base}/2/comments/by_me.json"
            answer = await get(self.http, url, query, within_s=WITHIN_S, most_bytes=MOST_BYTES)
            comments = _read(answer)
            found += [one for one in comments if int(one.id) > since]
            if first_page_only or len(comments) < PAGE:
                return found
        raise PlatformError("more comments than can be looked through", code="too-many")


def _read(answer: HttpAnswer) -> Sequence[Shown]:
    """Raises PlatformError."""
    try:
        fields = parse_object(answer.body)
        code = fields.get("error_code")
        if isinstance(code, int | str) and not isinstance(code, bool):
            raise error_of(int(code))
        comments = fields["comments"]
        if answer.status != 200 or not isinstance(comments, list):
            raise ValueError("no list of comments")
        return [_shown(one) for one in comments]
    except (ValueError, KeyError, TypeError) as error:
        raise PlatformError("Weibo's answer is not the documented one", code="bad-answer") from error


def _shown(comment: Mapping[str, object]) -> Shown:
    """Raises ValueError, KeyError, TypeError."""
    name, text, at = comment["id"], comment["text"], comment["created_at"]
    if isinstance(name, bool) or not isinstance(name, int):
        raise ValueError("id is no number")
    if not (isinstance(text, str) and isinstance(at, str)):
        raise ValueError("a comment's field is no text")
    return Shown(str(name), "", datetime.strptime(at, "%a %b %d %H:%M:%S %z %Y"), text)
