"""Weibo's lists of comments and mentions, which bots poll."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.demo.weibo_account import Comment
from app.demo.weibo_api import Answer, Refused, WeiboApi

Found = Callable[[Request], tuple[str, Sequence[dict[str, object]]]]
"""The list's name and its items, oldest first."""


@dataclass(frozen=True, slots=True)
class WeiboReads:
    api: WeiboApi

    def routes(self) -> list[Route]:
        return [
            Route("/2/comments/to_me.json", self._paged(self._to_me), methods=["GET"]),
            Route("/2/comments/mentions.json", self._paged(self._naming_me), methods=["GET"]),
            Route("/2/comments/show.json", self._paged(self._below), methods=["GET"]),
            Route("/2/statuses/mentions.json", self._paged(self._posts_naming_me), methods=["GET"]),
        ]

    def _paged(self, find: Found) -> Answer:
        """The newest first, from `since_id` on. Source: weibo, comments/to_me."""

        async def answer(request: Request) -> JSONResponse:
            self.api.calls.append((request.url.path, dict(request.query_params)))
            try:
                self.api.require_token(request.query_params.get("access_token"))
                since, count = _number(request, "since_id", 0), _number(request, "count", 50)
            except Refused as no:
                return self.api.refused(request, no)
            name, items = find(request)
            fresh = [one for one in items if int(str(one["id"])) > since]
            newest = list(reversed(fresh))[:count]
            return JSONResponse(
                {name: newest, "previous_cursor": 0, "next_cursor": 0, "total_number": len(fresh)}
            )

        return answer

    def _to_me(self, _request: Request) -> tuple[str, Sequence[dict[str, object]]]:
        me, posts = self.api.account.uid, self.api.comments.posts
        return self._comments(lambda one: posts.get(one.status_id) == me and one.author != me)

    def _naming_me(self, _request: Request) -> tuple[str, Sequence[dict[str, object]]]:
        return self._comments(lambda one: f"@{self.api.account.screen_name}" in one.text)

    def _below(self, request: Request) -> tuple[str, Sequence[dict[str, object]]]:
        wanted = request.query_params.get("id", "")
        return self._comments(lambda one: str(one.status_id) == wanted)

    def _posts_naming_me(self, _request: Request) -> tuple[str, Sequence[dict[str, object]]]:
        return "statuses", [self.api.shown_post(post) for post in self.api.comments.mentions]

    def _comments(self, wanted: Callable[[Comment], bool]) -> tuple[str, Sequence[dict[str, object]]]:
        found = [one for one in self.api.comments.by_id.values() if wanted(one)]
        return "comments", [self.api.shown(one, None) for one in found]


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isdecimal():
        raise Refused(10008)
    return int(value)
