"""What WeChat tells of replies that are not ours, and what it must not be misread as."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.coordination.local import LocalCoordinator
from app.core.errors import PlatformBusy, PlatformError
from app.platforms.wechat.tokens import AccessTokens
from app.platforms.wechat.watching import LONGEST, PAGE, SETTLED, WeChatWatch
from tests.platforms.loopback import response
from tests.values import NOON

BASE = "https://api.weixin"
OFF = {"is_add_friend_reply_open": 0, "is_autoreply_open": 0}
SECONDS = int(NOON.timestamp())


class WeChat:
    """Answers each question with the next of `answers`; the last one stays."""

    def __init__(self, *answers: object) -> None:
        self.answers = [a if isinstance(a, bytes) else json.dumps(a).encode() for a in answers]
        self.asked: list[httpx.Request] = []
        self.token = 1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/stable_token":
            self.token += json.loads(request.content)["force_refresh"]
            return response(b'{"access_token":"T%d","expires_in":7200}' % self.token)
        self.asked.append(request)
        return response(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    @property
    def watch(self) -> WeChatWatch:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self))
        tokens = AccessTokens(http, BASE, "wx1", "s", LocalCoordinator(), lambda: NOON)
        return WeChatWatch(http, BASE, tokens)


@pytest.mark.parametrize(
    ("answer", "on"),
    [
        pytest.param(OFF, [], id="all off"),
        pytest.param(OFF | {"is_autoreply_open": 1}, ["message"], id="answers messages"),
        pytest.param(OFF | {"is_add_friend_reply_open": 1}, ["follow"], id="greets followers"),
        pytest.param(OFF | {"keyword_autoreply_info": {"list": [{}]}}, ["keyword"], id="has keyword rules"),
        pytest.param(OFF | {"keyword_autoreply_info": {"list": []}}, [], id="has no keyword rule"),
    ],
)
async def test_switches(answer: object, on: list[str]) -> None:
    wechat = WeChat(answer)
    assert await wechat.watch.switched_on() == on
    (asked,) = wechat.asked
    assert (asked.method, asked.url.params["access_token"]) == ("GET", "T1")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="no switches"),
        pytest.param(OFF | {"is_autoreply_open": "1"}, id="a switch that is text"),
        pytest.param(OFF | {"keyword_autoreply_info": []}, id="keywords that are no object"),
        pytest.param({"errcode": 48001}, id="the account may not ask"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param([OFF], id="no object"),
    ],
)
async def test_what_cannot_be_read_is_never_all_off(answer: object) -> None:
    with pytest.raises(PlatformError):
        await WeChat(answer).watch.switched_on()


async def test_a_token_that_is_refused_is_renewed_once() -> None:
    wechat = WeChat({"errcode": 42001}, OFF)
    assert await wechat.watch.switched_on() == []
    assert [one.url.params["access_token"] for one in wechat.asked] == ["T1", "T2"]


async def test_nobody_there_is_no_answer_either() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    http = httpx.AsyncClient(transport=httpx.MockTransport(away))
    tokens = AccessTokens(http, BASE, "wx1", "s", LocalCoordinator(), lambda: NOON)
    with pytest.raises(PlatformBusy):
        await WeChatWatch(http, BASE, tokens).switched_on()


def record(**changes: Any) -> dict[str, Any]:
    return {"openid": "o-1", "opercode": 2002, "text": "您好", "time": SECONDS, "worker": "desk1@a"} | changes


def page(*records: dict[str, Any], last: int = 7) -> dict[str, Any]:
    return {"recordlist": list(records), "number": len(records), "msgid": last}


LATER = NOON + timedelta(minutes=10)
MARK = str(SECONDS - 60)


async def test_records_of_what_was_sent_since_the_mark() -> None:
    wechat = WeChat(page(record(), record(opercode=2003, text="几点开门？"), record(text="再见")))
    seen = await wechat.watch.shown(MARK, LATER)
    assert [(one.id, one.user, one.text, one.at) for one in seen.shown] == [
        ("desk1@a", "o-1", "您好", NOON),
        ("desk1@a", "o-1", "再见", NOON),
    ]
    assert seen.mark == str(int((LATER - SETTLED).timestamp()))
    wanted = {"starttime": int(MARK), "endtime": int(seen.mark), "msgid": 1, "number": PAGE}
    assert json.loads(wechat.asked[0].content) == wanted


async def test_the_first_look_only_says_where_to_begin() -> None:
    wechat = WeChat(page(record()))
    seen = await wechat.watch.shown("", LATER)
    assert (seen.shown, wechat.asked) == ((), [])
    assert seen.mark == str(int((LATER - SETTLED).timestamp()))


async def test_after_days_away_no_query_spans_more_than_a_day_and_none_is_left_out() -> None:
    wechat, mark, ends = WeChat(page()), MARK, []
    now = NOON + timedelta(hours=60)
    for _ in range(4):
        mark = (await wechat.watch.shown(mark, now)).mark
        ends.append(int(mark))
    spans = [json.loads(one.content) for one in wechat.asked]
    assert [one["starttime"] for one in spans] == [int(MARK), *ends[:2]]
    assert all(one["endtime"] - one["starttime"] <= LONGEST.total_seconds() for one in spans)
    assert ends[-1] == int((now - SETTLED).timestamp())


async def test_pages_follow_each_other_and_the_record_on_both_counts_once() -> None:
    full = [record(text=str(number)) for number in range(PAGE)]
    wechat = WeChat(page(*full, last=200), page(full[-1], record(text="last"), last=201))
    seen = await wechat.watch.shown(MARK, LATER)
    assert [one.text for one in seen.shown] == [*map(str, range(PAGE)), "last"]
    assert json.loads(wechat.asked[1].content)["msgid"] == 200


async def test_a_list_without_end_is_an_error() -> None:
    with pytest.raises(PlatformError) as caught:
        await WeChat(page(*[record(text=str(n)) for n in range(PAGE)])).watch.shown(MARK, LATER)
    assert caught.value.code == "too-many"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"errcode": 65400}, id="no customer service"),
        pytest.param({"recordlist": [1], "msgid": 1}, id="a record that is no object"),
        pytest.param(page(record(time="now")), id="a time that is none"),
        pytest.param(page(record(time=10**18)), id="a time past all times"),
        pytest.param(page(record(openid=1)), id="an openid that is none"),
        pytest.param({"recordlist": []}, id="no msgid"),
    ],
)
async def test_records_that_cannot_be_read_are_an_error(answer: object) -> None:
    with pytest.raises(PlatformError):
        await WeChat(answer).watch.shown(MARK, LATER)
