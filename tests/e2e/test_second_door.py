"""Vendors' own libraries push through the stand-in; nothing they try reaches a citizen unchecked."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException
from werobot.client import Client as WeRoBotClient

from app.core.egress import CALLS, NEVER_TOLD
from app.demo.inbox import Via
from app.ports import HoldFilter
from tests.bots import test_vendor_frameworks as vendors
from tests.e2e.surroundings import APP_ID, APP_SECRET, Town, town
from tests.e2e.test_conversation import seen, webhook_bot

SECRET = "guard-issued-secret"
RUDE = "滚，别再来问，听不懂人话吗"
POLITE = "办事大厅上午九点开门。"
CITIZEN = "o-citizen"


def vendor(**changes: Any) -> dict[str, Any]:
    facts = {
        "channel": "hall",
        "secret_sha256": [hashlib.sha256(SECRET.encode()).hexdigest()],
        "scopes": ["send", "media", "read"],
    }
    return facts | changes


@asynccontextmanager
async def door(folder: Path, vendors_: dict[str, Any] | None = None, **channel: Any) -> AsyncIterator[Town]:
    """A citizen has just written, so that a window is open."""
    tables = {"vendors": vendors_ or {"acme": vendor()}}
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(folder, {"hall": webhook_bot(url)}, tables=tables, **channel) as here:
            await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
            yield here


def pushed(here: Town) -> list[str]:
    """What reached the citizen by the API."""
    return [text for via, text in seen(here.emulator.inbox.of(CITIZEN)) if via is Via.API]


async def held(here: Town) -> list[str]:
    page = await here.guard.store.holds(HoldFilter())
    return [hold.reply.text for hold in page.items]


# --- vendors' libraries -----------------------------------------------------------------------


async def test_wechatpy_pushes_and_the_citizen_has_it(tmp_path: Path, at_the_stand: Any) -> None:
    async with door(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeChatClient(APP_ID, SECRET)
        answer = await asyncio.to_thread(client.message.send_text, CITIZEN, POLITE)
        assert (answer["errcode"], pushed(here)) == (0, [POLITE])


async def test_werobot_pushes_and_the_citizen_has_it(tmp_path: Path, at_the_stand: Any) -> None:
    async with door(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeRoBotClient({"APP_ID": APP_ID, "APP_SECRET": SECRET})
        answer = await asyncio.to_thread(client.send_text_message, CITIZEN, POLITE)
        assert (answer["errcode"], pushed(here)) == (0, [POLITE])


async def test_a_rude_push_waits_and_what_a_person_releases_arrives(
    tmp_path: Path, at_the_stand: Any
) -> None:
    async with door(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeChatClient(APP_ID, SECRET)
        answer = await asyncio.to_thread(client.message.send_text, CITIZEN, RUDE)
        assert answer["errcode"] == 0
        assert answer["shenyan_hold"]
        assert (pushed(here), await held(here)) == ([], [RUDE])
        hold = (await here.http.get(f"/v1/holds/{answer['shenyan_hold']}")).json()
        await here.http.post(f"/v1/holds/{hold['id']}/edit", json={"version": 1, "text": POLITE})
        async with asyncio.timeout(10):
            while not pushed(here):
                await here.guard.courier.run_once()
        assert pushed(here) == [POLITE]


async def test_every_kind_of_message_is_read_and_held(tmp_path: Path, at_the_stand: Any) -> None:
    article = {"title": RUDE, "description": "", "url": "http://a/", "image": ""}
    page = {"title": RUDE, "appid": "wx1", "pagepath": "p", "thumb_media_id": "m"}
    async with door(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        send = WeChatClient(APP_ID, SECRET).message
        for call, words in (
            (lambda: send.send_image(CITIZEN, "media-1"), ""),
            (lambda: send.send_voice(CITIZEN, "media-1"), ""),
            (lambda: send.send_video(CITIZEN, "m", RUDE, "说明"), RUDE),
            (lambda: send.send_music(CITIZEN, "http://a/", "http://b/", "t", RUDE), RUDE),
            (lambda: send.send_articles(CITIZEN, [article]), RUDE),
            (lambda: send.send_articles(CITIZEN, "media-1"), ""),
            (lambda: send.send_card(CITIZEN, "card-1"), ""),
            (lambda: send.send_mini_program_page(CITIZEN, page), RUDE),
        ):
            before = await held(here)
            await asyncio.to_thread(call)
            after = await held(here)
            assert len(after) == len(before) + 1
            assert words in "\n".join(after)
        assert pushed(here) == []


async def test_a_file_goes_up_and_down_with_the_accounts_own_token(tmp_path: Path, at_the_stand: Any) -> None:
    async with door(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeChatClient(APP_ID, SECRET)
        file = io.BytesIO(b"\x89PNG picture")
        answer = await asyncio.to_thread(client.media.upload, "image", ("a.png", file, "image/png"))
        got = await asyncio.to_thread(client.media.download, answer["media_id"])
        assert got.content == b"\x89PNG picture"


async def test_without_a_window_the_platforms_own_code_is_told(tmp_path: Path, at_the_stand: Any) -> None:
    async with door(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeChatClient(APP_ID, SECRET)
        with pytest.raises(WeChatClientException) as refused:
            await asyncio.to_thread(client.message.send_text, "o-stranger", POLITE)
        assert refused.value.errcode == 45015


LONG = "".join(f"第{number}条，请带身份证原件和复印件到一楼窗口。" for number in range(1, 50))


async def test_a_long_push_arrives_in_pieces_and_in_order(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        answer = await http.post(SEND, params={"access_token": token}, content=message(LONG))
        assert answer.json()["errcode"] == 0
        count = -(-len(LONG.encode()) // 2048)
        await here.emulator.inbox.at_least(CITIZEN, 1 + count, 20)
        assert len(pushed(here)) >= count
        assert "".join(pushed(here)) == LONG


async def test_a_long_push_that_the_quota_does_not_carry_is_refused_whole(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        for _ in range(4):
            await http.post(SEND, params={"access_token": token}, content=message(POLITE))
        answer = await http.post(SEND, params={"access_token": token}, content=message(LONG))
        assert answer.json()["errcode"] == 45047
        assert pushed(here) == [POLITE] * 4


async def test_a_vendor_speaks_as_the_desks_that_are_its_own_alone(tmp_path: Path) -> None:
    async with (
        door(tmp_path, {"acme": vendor(kf_accounts=["desk1@hall"])}) as here,
        attacker(here) as (
            http,
            token,
        ),
    ):
        for desk in ("desk1@hall", "mayor@hall"):
            body = message(POLITE, customservice={"kf_account": desk})
            await http.post(SEND, params={"access_token": token}, content=body)
        assert (pushed(here), here.emulator.wechat_api.desks) == ([POLITE] * 2, ["desk1@hall", ""])


# --- attackers --------------------------------------------------------------------------------


@asynccontextmanager
async def attacker(here: Town) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """At the stand with a good token that was leaked."""
    base = f"{here.url}/egress/wechat/hall"
    async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
        answer = await http.get(
            "/cgi-bin/token", params={"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
        )
        yield http, answer.json()["access_token"]


def message(text: str = RUDE, **more: Any) -> bytes:
    return json.dumps({"touser": CITIZEN, "msgtype": "text", "text": {"content": text}, **more}).encode()


SEND = "/cgi-bin/message/custom/send"
TRICKS: list[tuple[str, str, str, str]] = [
    ("mass send", "POST", "/cgi-bin/message/mass/sendall", ""),
    ("preview", "POST", "/cgi-bin/message/mass/preview", ""),
    ("template", "POST", "/cgi-bin/message/template/send", ""),
    ("publish", "POST", "/cgi-bin/freepublish/submit", ""),
    ("dots", "POST", "/cgi-bin/getcallbackip/../message/custom/send", ""),
    ("escaped dots", "POST", "/cgi-bin/getcallbackip/%2e%2e/message/custom/send", ""),
    ("doubled slash", "POST", "/cgi-bin//message/custom/send", ""),
    ("escaped letter", "POST", "/cgi-bin/message/custom/%73end", ""),
    ("escaped twice", "POST", "/cgi-bin/message/custom/%2573end", ""),
    ("slash at the end", "POST", "/cgi-bin/message/custom/send/", ""),
    ("capitals", "POST", "/cgi-bin/message/custom/SEND", ""),
    ("another method", "PUT", SEND, ""),
    ("two tokens", "POST", SEND, "&access_token=other"),
    ("words to a call that only reads", "POST", "/cgi-bin/getcallbackip", ""),
    ("a call that is not allowed", "GET", "/cgi-bin/user/info", "&openid=o"),
]


async def raw(here: Town, method: str, target: str, body: bytes) -> dict[str, Any]:
    """As written, byte for byte: a client of one's own would mend the path."""
    _, _, port = here.url.rpartition(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    told: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return told


async def test_a_trick_in_the_path_reaches_nobody(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (_, token):
        codes = {
            trick: (
                await raw(here, method, f"/egress/wechat/hall{path}?access_token={token}{query}", message())
            )["errcode"]
            for trick, method, path, query in TRICKS
        }
        assert {trick for trick, code in codes.items() if code in NEVER_TOLD | {0}} == set()
        assert (pushed(here), await held(here)) == ([], [])


BODIES = {
    "nothing": b"",
    "half an object": b"{",
    "not UTF-8": b'{"touser":"o-citizen","msgtype":"text","text":{"content":"\xff"}}',
    "a doubled key": message()[:-1] + b',"msgtype":"image"}',
    "many users": message(touser=["o-citizen", "o-other"]),
    "another kind than the object": message(msgtype="image"),
    "a kind that is none": message(msgtype="link", link={"title": "x"}),
    "too large": message("甲" * 40_000),
    "bottomless": b"[" * 5_000,
}


async def test_a_body_that_is_none_reaches_nobody(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        codes = {
            name: (await http.post(SEND, params={"access_token": token}, content=body)).json()["errcode"]
            for name, body in BODIES.items()
        }
        assert {name for name, code in codes.items() if code in NEVER_TOLD | {0}} == set()
        assert (pushed(here), await held(here)) == ([], [])


async def test_a_chunked_body_is_read_whole_before_anything_is_done(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for one in (message()[:30], message()[30:]):
            yield one

    async with door(tmp_path) as here, attacker(here) as (http, token):
        await http.post(SEND, params={"access_token": token}, content=pieces())
        assert (pushed(here), await held(here)) == ([], [RUDE])


async def test_a_token_in_another_place_is_none(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        places: list[dict[str, Any]] = [
            {"headers": {"Authorization": f"Bearer {token}"}},
            {"headers": {"access_token": token}},
            {"headers": {"Cookie": f"access_token={token}"}},
            {"params": {"access_token": f"{token} "}},
            {"params": {"ACCESS_TOKEN": token}},
        ]
        for place in places:
            answer = await http.post(SEND, content=message(POLITE), **place)
            assert answer.json()["errcode"] in (41001, 48001), place
        assert pushed(here) == []


async def test_the_hosts_name_decides_nothing(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        headers = {"Host": "api.weixin.qq.com", "X-Forwarded-Host": "evil.example"}
        await http.post(SEND, params={"access_token": token}, content=message(), headers=headers)
        assert (pushed(here), await held(here)) == ([], [RUDE])


async def test_the_platforms_secret_and_token_open_nothing_here_and_leave_never(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        refused = await http.get(
            "/cgi-bin/token",
            params={"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET},
        )
        assert refused.json()["errcode"] == 40125
        await http.post(SEND, params={"access_token": token}, content=message(POLITE))
        real = here.emulator.wechat_api.stable_tokens.issue_stable()[0]
        assert real != token
        answer = await http.post(SEND, params={"access_token": real}, content=message(POLITE))
        assert answer.json()["errcode"] == 48001
        assert real not in (answer.text + refused.text)


async def test_a_token_of_another_channel_or_without_the_scope_sends_nothing(tmp_path: Path) -> None:
    others = {"acme": vendor(scopes=["read"])}
    async with door(tmp_path, others) as here, attacker(here) as (http, token):
        answer = await http.post(SEND, params={"access_token": token}, content=message(POLITE))
        assert answer.json()["errcode"] == 48001
        elsewhere = f"{here.url}/egress/wechat/weibo{SEND}"
        answer = await http.post(elsewhere, params={"access_token": token}, content=message(POLITE))
        assert answer.json()["errcode"] == 48001
        assert pushed(here) == []


async def test_an_address_that_is_not_the_vendors_gets_no_token(tmp_path: Path) -> None:
    async with door(tmp_path, {"acme": vendor(networks=["10.0.0.0/8"])}) as here:
        answer = await here.http.get(
            f"{here.url}/egress/wechat/hall/cgi-bin/token",
            params={"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET},
        )
        assert answer.json()["errcode"] == 40164


async def test_secrets_are_not_guessed(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        url = f"{here.url}/egress/wechat/hall/cgi-bin/stable_token"
        codes = []
        for number in range(25):
            body = {"grant_type": "client_credential", "appid": APP_ID, "secret": f"guess-{number}"}
            codes.append((await here.http.post(url, json=body)).json()["errcode"])
        assert set(codes[:20]) == {40125}
        assert set(codes[20:]) == {45009}


async def test_a_rotated_secret_works_beside_the_new_one(tmp_path: Path) -> None:
    both = [hashlib.sha256(one.encode()).hexdigest() for one in ("new-secret", SECRET)]
    async with door(tmp_path, {"acme": vendor(secret_sha256=both)}) as here, attacker(here) as (http, token):
        await http.post(SEND, params={"access_token": token}, content=message(POLITE))
        assert pushed(here) == [POLITE]


async def test_calls_that_race_a_revocation_end_with_it(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):

        async def send(number: int) -> int:
            if number == 10:
                await here.guard.vendors.revoke("acme", "li", "换人了")
            answer = await http.post(SEND, params={"access_token": token}, content=message(RUDE))
            return int(answer.json()["errcode"])

        codes = await asyncio.gather(*(send(number) for number in range(30)))
        assert set(codes) <= {0, 48001}
        assert await send(99) == 48001
        again = await http.get(
            "/cgi-bin/token", params={"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
        )
        assert again.json()["errcode"] == 40125
        assert pushed(here) == []
        await here.guard.vendors.restore("acme", "li", "查清了")
        again = await http.get(
            "/cgi-bin/token", params={"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
        )
        assert "access_token" in again.json()


async def test_a_stopped_channel_is_stopped_for_vendors_too(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        await here.guard.switches.stop("hall", "li", "答非所问")
        answer = await http.post(SEND, params={"access_token": token}, content=message(POLITE))
        assert (answer.json()["errcode"], pushed(here)) == (48001, [])


async def test_a_held_message_is_answered_as_the_office_wishes(tmp_path: Path) -> None:
    async with door(tmp_path, {"acme": vendor(when_held=45047)}) as here, attacker(here) as (http, token):
        answer = await http.post(SEND, params={"access_token": token}, content=message())
        assert (answer.json()["errcode"], await held(here)) == (45047, [RUDE])


async def test_an_allowed_call_is_passed_on(tmp_path: Path) -> None:
    async with (
        door(tmp_path, egress_allow=["/cgi-bin/getcallbackip"]) as here,
        attacker(here) as (http, token),
    ):
        answer = await http.get("/cgi-bin/getcallbackip", params={"access_token": token})
        assert answer.json() == {"ip_list": ["127.0.0.1"]}


def test_every_call_that_is_known_is_answered_for() -> None:
    """Whoever adds a call that carries words has to say here that it is checked."""
    sending = {path.removeprefix("/cgi-bin/") for (_, path), call in CALLS.items() if call.value == "send"}
    assert sending == {
        "message/custom/send",
        "message/mass/sendall",
        "message/mass/send",
        "message/mass/preview",
        "message/template/send",
        "message/template/subscribe",
        "message/subscribe/bizsend",
        "freepublish/submit",
        "comment/reply/add",
    }
