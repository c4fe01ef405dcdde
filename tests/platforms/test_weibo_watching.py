"""The account's own comments, as Weibo lists them."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.errors import PlatformError
from app.platforms.weibo.watching import MOST_PAGES, PAGE, SETTLED, WeiboWatch
from tests.platforms.loopback import response
from tests.values import NOON

LATER = NOON + timedelta(minutes=10)


class Weibo:
    def __init__(self, *answers: object, status: int = 200) -> None:
        self.answers = [a if isinstance(a, bytes) else json.dumps(a).encode() for a in answers]
        self.status = status
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        return response(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0], self.status)

    @property
    def watch(self) -> WeiboWatch:
        return WeiboWatch(
            httpx.AsyncClient(transport=httpx.MockTransport(self)), "https://api.weibo", "token"
        )


def comment(number: int, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    made = {"id": number, "text": f"第{number}条", "created_at": at.strftime("%a %b %d %H:%M:%S %z %Y")}
    return made | changes


def page(*comments: object) -> dict[str, object]:
    return {"comments": list(comments)}


async def test_comments_since_the_mark() -> None:
    weibo = Weibo(page(comment(9), comment(8)))
    seen = await weibo.watch.shown("7", LATER)
    assert [(one.id, one.user, one.text, one.at) for one in seen.shown] == [
        ("9", "", "第9条", NOON),
        ("8", "", "第8条", NOON),
    ]
    assert (seen.mark, weibo.asked[0]["since_id"]) == ("9", "7")


async def test_what_is_too_new_waits_for_the_next_look() -> None:
    new = comment(9, LATER - SETTLED + timedelta(seconds=1))
    seen = await Weibo(page(new, comment(8))).watch.shown("7", LATER)
    assert ([one.id for one in seen.shown], seen.mark) == (["8"], "8")


@pytest.mark.parametrize(
    ("answer", "mark"),
    [pytest.param(page(comment(9)), "9", id="from the newest"), pytest.param(page(), "0", id="from nothing")],
)
async def test_the_first_look_only_says_where_to_begin(answer: object, mark: str) -> None:
    seen = await Weibo(answer).watch.shown("", LATER)
    assert (seen.shown, seen.mark) == ((), mark)


async def test_pages_follow_each_other() -> None:
    full = [comment(number) for number in range(PAGE + 1, 1, -1)]
    weibo = Weibo(page(*full), page(comment(1)))
    assert len((await weibo.watch.shown("0", LATER)).shown) == PAGE + 1
    assert [one["page"] for one in weibo.asked] == ["1", "2"]


async def test_a_list_without_end_is_an_error() -> None:
    weibo = Weibo(page(*[comment(number) for number in range(1, PAGE + 1)]))
    with pytest.raises(PlatformError):
        await weibo.watch.shown("0", LATER)
    assert len(weibo.asked) == MOST_PAGES


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param({"error_code": "21332", "error": "x"}, 400, id="the token is refused"),
        pytest.param({"error_code": 10022}, 403, id="too often"),
        pytest.param({}, 200, id="no list"),
        pytest.param(page(comment(1, id="1")), 200, id="an id that is text"),
        pytest.param(page(comment(1, created_at="yesterday")), 200, id="a time that is none"),
        pytest.param(page("x"), 200, id="a comment that is no object"),
        pytest.param(b"<html>", 200, id="no JSON"),
        pytest.param(page(), 500, id="another status"),
    ],
)
async def test_what_cannot_be_read_is_an_error(answer: object, status: int) -> None:
    with pytest.raises(PlatformError):
        await Weibo(answer, status=status).watch.shown("0", LATER)
