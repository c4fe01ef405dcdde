"""What an attacker with a good token tries at Weibo's stand-in: none of it reaches the platform unchecked."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from app.core.weibo_calls import CALLS, TOKEN_CODES
from tests.e2e.surroundings import WEIBO_TOKEN
from tests.e2e.test_second_door_weibo import (
    CITIZEN,
    CREATE,
    MESSAGE,
    NEWS,
    POLITE,
    POST,
    RUDE,
    SHARE,
    TO_ME,
    Door,
    door,
    words,
)

FORM = urlencode(words())
DOUBLED = quote('{"text":"a","text":"b"}')
TWICE = quote(str(words()["data"]))
PLAIN = "application/x-www-form-urlencoded"
PATHS: list[tuple[str, str, str]] = [
    ("dots", "POST", "/2/oauth2/../messages/reply.json"),
    ("escaped dots", "POST", "/2/comments/%2e%2e/messages/reply.json"),
    ("doubled slash", "POST", "/2//messages/reply.json"),
    ("escaped letter", "POST", "/2/messages/%72eply.json"),
    ("escaped twice", "POST", "/2/messages/%2572eply.json"),
    ("slash at the end", "POST", "/2/messages/reply.json/"),
    ("capitals", "POST", "/2/messages/REPLY.json"),
    ("no ending", "POST", "/2/messages/reply"),
    ("XML", "POST", "/2/messages/reply.xml"),
    ("another method", "PUT", MESSAGE),
    ("words by GET", "GET", MESSAGE),
    ("a host in the path", "POST", "/https://m.api.weibo.com/2/messages/reply.json"),
    ("the other host's host", "POST", "/c.api.weibo.com/2/messages/reply/biz.json"),
    ("a post that is closed", "POST", "/2/statuses/update.json"),
    ("a post with a picture", "POST", "/2/statuses/upload.json"),
    ("a repost", "POST", "/2/statuses/repost.json"),
    ("a comment taken away", "POST", "/2/comments/destroy.json"),
    ("direct message", "POST", "/2/direct_messages/new.json"),
    ("the menu", "POST", "/2/messages/menu/create.json"),
    ("another authorisation", "POST", "/oauth2/access_token"),
    ("a read with words", "POST", TO_ME),
    ("a read that is not allowed", "GET", TO_ME),
]


async def raw(here: Door, method: str, target: str, body: bytes, *headers: str) -> dict[str, Any]:
    """As written, byte for byte: a client of one's own would mend it."""
    _, _, port = here.town.url.rpartition(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    head = (f"{method} {target} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close")
    writer.write("\r\n".join((*head, *headers, "", "")).encode() + body)
    answer = await reader.read()
    writer.close()
    told: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return told


async def test_a_trick_in_the_path_reaches_nobody(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        for trick, method, path in PATHS:
            target = f"/egress/weibo/weibo{path}?access_token={here.token}"
            answer = await raw(here, method, target, FORM.encode(), f"Content-Type: {PLAIN}")
            assert (answer["error_code"], answer["request"]) == (10014, path), trick
        assert (here.calls, await here.held()) == ([], [])


async def test_a_form_that_is_none_reaches_nobody(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        mine, good = f"access_token={here.token}", urlencode(words(POLITE))
        forms = {
            "a doubled receiver": f"{mine}&{good}&receiver_id=77",
            "doubled data": f"{mine}&{good}&data={quote(json.dumps({'text': RUDE}))}",
            "a doubled field, one escaped": f"{mine}&{good}&%64ata=x",
            "two tokens": f"{mine}&{mine}&{good}",
            "data encoded twice": f"{mine}&{urlencode({**words(POLITE), 'data': TWICE})}",
            "a broken escape": f"{mine}&{good}%",
            "not UTF-8": f"{mine}&receiver_id={CITIZEN}&type=text&data=%7B%22text%22%3A%22%FF%22%7D",
            "a doubled key in data": f"{mine}&receiver_id=1&type=text&data={DOUBLED}",
            "a kind that is none": f"{mine}&{urlencode({**words(POLITE), 'type': 'voice'})}",
            "many receivers": f"{mine}&{urlencode({**words(POLITE), 'receiver_id': f'{CITIZEN},77'})}",
            "a list of receivers": f"{mine}&{good}&receiver_id[]=77",
            "too large": f"{mine}&{urlencode(words('甲' * 40_000))}",
            "JSON": json.dumps({"access_token": here.token, **words(POLITE)}),
        }
        async with httpx.AsyncClient(base_url=here.base, trust_env=False) as http:
            for name, form in forms.items():
                answer = await http.post(MESSAGE, content=form, headers={"Content-Type": PLAIN})
                assert answer.json()["error_code"] == 10008, name
        assert (here.calls, await here.held()) == ([], [])


async def test_a_token_in_two_places_or_in_a_wrong_one_opens_nothing(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        good, token = urlencode(words(POLITE)), here.token
        mine = f"access_token={token}"
        tried = {
            "query and form": (f"?{mine}", f"{mine}&{good}", (), 10008),
            "query and header": (f"?{mine}", good, (f"Authorization: OAuth2 {token}",), 10008),
            "form and header": ("", f"{mine}&{good}", (f"authorization: oauth2 {token}",), 10008),
            "two headers": ("", good, (f"Authorization: OAuth2 {token}",) * 2, 10008),
            "doubled in the query": (f"?{mine}&{mine}", good, (), 10008),
            "nowhere": ("", good, (), 10014),
            "bearer": ("", good, (f"Authorization: Bearer {token}",), 10014),
            "cookie": ("", good, (f"Cookie: {mine}",), 10014),
            "another name": (f"?ACCESS_TOKEN={token}", good, (), 10014),
            "a blank behind it": (f"?{mine}%20", good, (), 10014),
            "the account's own": (f"?access_token={WEIBO_TOKEN}", good, (), 10014),
        }
        for name, (query, form, headers, code) in tried.items():
            target = f"/egress/weibo/weibo{MESSAGE}{query}"
            answer = await raw(here, "POST", target, form.encode(), *headers)
            assert answer["error_code"] == code, name
        assert (here.calls, await here.held()) == ([], [])


async def test_a_scope_a_network_or_a_channel_that_is_not_the_vendors_opens_nothing(tmp_path: Path) -> None:
    async with door(tmp_path, {"scopes": ["read"]}) as here:
        for path, fields in (
            (MESSAGE, words(POLITE)),
            (CREATE, {"id": POST, "comment": POLITE}),
            (SHARE, {"status": NEWS}),
        ):
            assert (await here.post(path, **fields))["error_code"] == 10014
        at_the_other = Door(here.town, f"{here.town.url}/egress/weibo/hall", here.token)
        assert (await at_the_other.post(MESSAGE, **words(POLITE)))["error_code"] == 10014
        wechat = f"{here.town.url}/egress/wechat/weibo/cgi-bin/message/custom/send"
        answer = await here.town.http.post(wechat, params={"access_token": here.token}, json={})
        assert answer.json()["errcode"] == 48001
        assert (here.calls, await here.held()) == ([], [])


async def test_an_address_that_is_not_the_vendors_is_refused(tmp_path: Path) -> None:
    async with door(tmp_path, {"networks": ["10.0.0.0/8"]}) as here:
        assert (await here.post(MESSAGE, **words(POLITE)))["error_code"] == 10005
        assert here.calls == []


async def test_a_chunked_body_is_read_whole_before_anything_is_done(tmp_path: Path) -> None:
    form = f"access_token={{}}&{FORM}"

    async with door(tmp_path) as here, httpx.AsyncClient(base_url=here.base, trust_env=False) as http:
        body = form.format(here.token).encode()

        async def pieces() -> AsyncIterator[bytes]:
            for one in (body[:90], body[90:]):
                yield one

        await http.post(MESSAGE, content=pieces(), headers={"Content-Type": PLAIN})
        assert (here.calls, await here.held()) == ([], [RUDE])


async def test_a_body_behind_a_read_goes_nowhere(tmp_path: Path) -> None:
    async with door(tmp_path, egress_allow=[TO_ME]) as here:
        target = f"{here.base}{TO_ME}?access_token={here.token}&comment={quote(RUDE)}&id=1"
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.request("GET", target, content=FORM, headers={"Content-Type": PLAIN})
            assert answer.json()["comments"] == []
            assert here.calls == [(TO_ME, {"access_token": WEIBO_TOKEN})]
            answer = await http.get(f"{target}&count=1%26comment%3Dx")
            assert (answer.json()["error_code"], len(here.calls)) == (10008, 1)


async def test_a_stopped_channel_is_stopped_for_vendors_too(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        await here.town.guard.switches.stop("weibo", "li", "答非所问")
        for path, fields in ((MESSAGE, words(POLITE)), (SHARE, {"status": NEWS})):
            assert (await here.post(path, **fields))["error_code"] == 10014
        assert (here.calls, await here.held()) == ([], [])


async def test_no_refusal_makes_a_library_authorise_anew(tmp_path: Path) -> None:
    """The account's own token is dead: the vendor hears success, since the guard tries on."""
    async with door(tmp_path, access_token="dead") as here:
        answers = [
            await here.post(MESSAGE, **words(POLITE)),
            await here.post(MESSAGE, **{**words(POLITE), "access_token": "guessed"}),
            await here.post("/oauth2/get_token_info", access_token="guessed"),
        ]
        assert {answer.get("error_code") for answer in answers} & TOKEN_CODES == set()
        assert here.received() == []


def test_every_call_that_is_known_is_answered_for() -> None:
    """Whoever adds a call that carries words has to say here that it is checked."""
    sending = {path.removeprefix("/2/") for (_, path), call in CALLS.items() if call.value == "send"}
    assert sending == {
        "messages/reply.json",
        "messages/reply/biz.json",
        "messages/sendall.json",
        "comments/create.json",
        "comments/create/biz.json",
        "comments/reply.json",
        "comments/reply/biz.json",
        "statuses/share.json",
    }
