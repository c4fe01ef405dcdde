"""Vendors whose host name is compiled in come by the forward proxy; whoever is no vendor gets nothing."""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from wechatpy import WeChatClient
from werobot.client import Client as WeRoBotClient

from tests.e2e.proxied import (
    HOST,
    OTHER_SECRET,
    TOKEN,
    Office,
    a_token,
    answer_of,
    anyio_backend,
    code_of,
    connect,
    dial,
    office,
    proof,
    request,
    say,
    tunnel,
)
from tests.e2e.surroundings import APP_ID
from tests.e2e.test_second_door import CITIZEN, POLITE, RUDE, SECRET, SEND, held, message, pushed, vendor

__all__ = ["anyio_backend"]  # a fixture


@pytest.fixture
def as_a_vendor(monkeypatch: pytest.MonkeyPatch) -> Any:
    """All that a vendor sets: two variables of its environment."""

    def set_(here: Office, **who: str) -> None:
        for name in (
            "NO_PROXY",
            "no_proxy",
            "https_proxy",
            "http_proxy",
            "HTTP_PROXY",
            "ALL_PROXY",
            "all_proxy",
        ):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", here.url(**who))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(here.ca))
        monkeypatch.setenv("SSL_CERT_FILE", str(here.ca))

    return set_


# --- vendors' libraries, unmodified -----------------------------------------------------------


async def test_wechatpy_pushes_and_the_citizen_has_it(tmp_path: Path, as_a_vendor: Any) -> None:
    async with office(tmp_path) as here:
        as_a_vendor(here)
        client = WeChatClient(APP_ID, SECRET)
        answer = await asyncio.to_thread(client.message.send_text, CITIZEN, POLITE)
        assert (answer["errcode"], pushed(here.town)) == (0, [POLITE])


async def test_werobot_pushes_and_a_rude_text_waits(tmp_path: Path, as_a_vendor: Any) -> None:
    async with office(tmp_path) as here:
        as_a_vendor(here)
        client = WeRoBotClient({"APP_ID": APP_ID, "APP_SECRET": SECRET})
        answers = [
            await asyncio.to_thread(client.send_text_message, CITIZEN, text) for text in (POLITE, RUDE)
        ]
        assert [answer["errcode"] for answer in answers] == [0, 0]
        assert (pushed(here.town), await held(here.town)) == ([POLITE], [RUDE])


async def test_requests_and_httpx_carry_words_and_files(tmp_path: Path, as_a_vendor: Any) -> None:
    def at_requests() -> bytes:
        with requests.Session() as http:
            token = http.get(f"https://{HOST}/cgi-bin/token", params=TOKEN).json()["access_token"]
            url, query = f"https://{HOST}/cgi-bin/media", {"access_token": token}
            file = {"media": ("a.png", b"\x89PNG picture" + bytes(200_000), "image/png")}
            kept = http.post(f"{url}/upload", params={**query, "type": "image"}, files=file).json()
            return http.get(f"{url}/get", params={**query, "media_id": kept["media_id"]}).content

    async with office(tmp_path) as here:
        as_a_vendor(here)
        assert await asyncio.to_thread(at_requests) == b"\x89PNG picture" + bytes(200_000)
        async with httpx.AsyncClient(base_url=f"https://{HOST}") as http:
            token = (await http.get("/cgi-bin/token", params=TOKEN)).json()["access_token"]
            for text in (POLITE, RUDE):
                answer = await http.post(SEND, params={"access_token": token}, content=message(text))
                assert answer.json()["errcode"] == 0
        assert (pushed(here.town), await held(here.town)) == ([POLITE], [RUDE])


async def test_a_vendor_of_weibos_shows_its_token_and_meets_weibos_stand_in(
    tmp_path: Path, as_a_vendor: Any
) -> None:
    def comment(token: str) -> dict[str, Any]:
        form = {"access_token": token, "id": 7, "comment": RUDE}
        told: dict[str, Any] = requests.post(
            "https://api.weibo.com/2/comments/create.json", form, timeout=10
        ).json()
        return told

    weibos = {"channel": "weibo", "scopes": ["comments"]}
    async with office(tmp_path, {"xinlang": weibos}) as here:
        token = await here.town.guard.vendors.issue("xinlang", timedelta(days=1), "admin")
        as_a_vendor(here, name="xinlang", secret=token)
        answer = await asyncio.to_thread(comment, token)
        assert answer["shenyan_hold"]
        assert await held(here.town) == [RUDE]
        as_a_vendor(here, name="xinlang", secret="guess")
        with pytest.raises(requests.exceptions.ProxyError):
            await asyncio.to_thread(comment, token)


# --- attackers at the door --------------------------------------------------------------------


HELLO = b"\x16\x03\x01\x00\x05hello"
AT_THE_DOOR: dict[str, tuple[bytes, int, str]] = {
    "no credentials": (connect(headers=""), 407, "no-credentials"),
    "a wrong secret": (connect(headers=proof(secret="guess")), 407, "unauthorized"),
    "the hash for the secret": (
        connect(headers=proof(secret=hashlib.sha256(SECRET.encode()).hexdigest())),
        *(407, "unauthorized"),
    ),
    "an unknown name": (connect(headers=proof(name="nobody")), 407, "unauthorized"),
    "another's secret": (connect(headers=proof(secret=OTHER_SECRET)), 407, "unauthorized"),
    "no secret": (connect(headers=proof(secret="")), 407, "unauthorized"),
    "another scheme": (connect(headers=f"Proxy-Authorization: Bearer {SECRET}\r\n"), 407, "no-credentials"),
    "credentials for the host": (connect(headers=proof().removeprefix("Proxy-")), 407, "no-credentials"),
    "credentials twice": (connect(headers=proof() + proof(name="other")), 400, "malformed"),
    "base64 that is none": (connect(headers="Proxy-Authorization: Basic ***\r\n"), 407, "no-credentials"),
    "another host": (connect("evil.example:443"), 403, "host"),
    "a host below": (connect(f"a.{HOST}:443"), 403, "host"),
    "a dot at the end": (connect(f"{HOST}.:443"), 403, "host"),
    "an address": (connect("203.205.239.82:443"), 403, "host"),
    "an address of six": (connect("[::1]:443"), 403, "host"),
    "itself": (connect("127.0.0.1:443"), 403, "host"),
    "another port": (connect(f"{HOST}:80"), 403, "host"),
    "a port with a sign": (connect(f"{HOST}:+443"), 403, "host"),
    "a user in the host": (connect(f"{HOST}:443@evil.example:443"), 403, "host"),
    "a host of the other platform": (connect("api.weibo.com:443"), 403, "platform"),
    "plain HTTP": (f"GET http://{HOST}/cgi-bin/token HTTP/1.1\r\n{proof()}\r\n".encode(), 405, "not-connect"),
    "a stand-in's own path": (
        f"POST /egress/wechat/hall{SEND} HTTP/1.1\r\nHost: x\r\n{proof()}\r\n".encode(),
        *(405, "not-connect"),
    ),
    "TLS at once": (HELLO, 400, "malformed"),
    "bytes before the 200": (connect() + HELLO, 400, "early-bytes"),
    "a second CONNECT before the 200": (connect() + connect("evil.example:443"), 400, "early-bytes"),
    "a head without end": (connect(headers="X: " + "x" * 9_000), 431, "too-large"),
    "a head that is too large": (connect(headers=proof() + "X: " + "x" * 9_000 + "\r\n"), 431, "too-large"),
    "a folded header": (connect(headers="X: a\r\n b\r\n" + proof()), 400, "malformed"),
}


async def test_whoever_is_no_vendor_or_wants_elsewhere_is_told_so(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        counted: dict[str, int] = {}
        for trick, (head, status, reason) in AT_THE_DOOR.items():
            answer = await dial(here, head)
            assert answer.startswith(f"HTTP/1.1 {status} ".encode()), trick
            assert (b"Proxy-Authenticate: Basic" in answer) == (status == 407), trick
            counted[reason] = counted.get(reason, 0) + 1
        assert here.refusals() == counted
        assert (pushed(here.town), await held(here.town)) == ([], [])


async def test_a_revoked_vendor_is_shut_out_of_new_tunnels_and_of_its_open_ones(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        token = await a_token(here)
        reader, writer = await tunnel(here)
        await here.town.guard.vendors.revoke("acme", "li", "换人了")
        writer.write(request("POST", f"{SEND}?access_token={token}", message(POLITE)))
        assert code_of(await answer_of(reader)) == 48001
        writer.close()
        assert (await dial(here, connect())).startswith(b"HTTP/1.1 407 ")
        assert pushed(here.town) == []


async def test_secrets_are_not_guessed_and_right_ones_are_not_counted(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for _ in range(25):
            assert (await dial(here, connect("evil.example:443"))).startswith(b"HTTP/1.1 403 ")
        guesses = [await dial(here, connect(headers=proof(secret=f"guess-{one}"))) for one in range(22)]
        statuses = [int(answer.split()[1]) for answer in guesses]
        assert statuses == [407] * 20 + [429] * 2


async def test_the_vendors_networks_count_and_nobody_says_another_address(tmp_path: Path) -> None:
    people = {"acme": vendor(networks=["10.0.0.0/8"])}
    async with office(tmp_path, people) as here:
        said = proof() + "X-Forwarded-For: 10.1.2.3\r\nForwarded: for=10.1.2.3\r\n"
        assert (await dial(here, connect(headers=said))).startswith(b"HTTP/1.1 403 ")
        assert here.refusals() == {"address": 1}


# --- attackers in a tunnel --------------------------------------------------------------------


PLATFORM_SAYS = {
    "dots": "/cgi-bin/getcallbackip/../message/custom/send",
    "escaped dots": "/cgi-bin/getcallbackip/%2e%2e/message/custom/send",
    "doubled slash": "/cgi-bin//message/custom/send",
    "slashes first": "//cgi-bin/message/custom/send",
    "another host in the path": f"//evil.example{SEND}",
    "escaped letter": "/cgi-bin/message/custom/%73end",
    "out of the channel": f"/../weibo{SEND}",
    "out of the stand-in": "/../../../v1/check",
    "the stand-in's own name": f"/egress/wechat/hall{SEND}",
    "mass send": "/cgi-bin/message/mass/sendall",
}
NO_REQUEST = {
    "another host": request("POST", f"{SEND}?access_token=TOKEN", message(), "evil.example"),
    "a host of the other platform": request("POST", f"{SEND}?access_token=TOKEN", message(), "api.weibo.com"),
    "another port": request("POST", f"{SEND}?access_token=TOKEN", message(), f"{HOST}:8443"),
    "no host": request("POST", f"{SEND}?access_token=TOKEN", message()).replace(b"Host:", b"X-Host:"),
    "two hosts": request("POST", f"{SEND}?access_token=TOKEN", message()).replace(
        b"Host:", b"Host: evil.example\r\nHost:"
    ),
    "absolute form": request("POST", f"https://{HOST}{SEND}?access_token=TOKEN", message()),
    "absolute form of another": request("POST", f"http://evil.example{SEND}?access_token=TOKEN", message()),
    "a fragment": request("POST", f"{SEND}#x?access_token=TOKEN", message()),
    "a star": request("OPTIONS", "*"),
    "a second CONNECT": connect(),
    "a second CONNECT elsewhere": connect("evil.example:443"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two lengths": request("POST", f"{SEND}?access_token=TOKEN", message()).replace(
        b"Content-Length:", b"Transfer-Encoding: chunked\r\nContent-Length:"
    ),
}


async def test_a_trick_in_the_tunnel_reaches_nobody(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        token = await a_token(here)
        for trick, path in PLATFORM_SAYS.items():
            answer = await say(here, request("POST", f"{path}?access_token={token}", message()))
            assert code_of(answer) == 48001, trick
        for trick, raw in NO_REQUEST.items():
            answer = await say(here, raw.replace(b"TOKEN", token.encode()))
            assert answer.split()[1] in (b"400", b"421"), trick
        assert (pushed(here.town), await held(here.town)) == ([], [])


async def test_anothers_token_and_secret_are_none_in_this_vendors_tunnel(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        others = await a_token(here, "other", OTHER_SECRET)
        stolen = request("POST", f"{SEND}?access_token={others}", message(POLITE))
        assert code_of(await say(here, stolen)) == 48001
        query = "&".join(f"{key}={value}" for key, value in {**TOKEN, "secret": OTHER_SECRET}.items())
        assert code_of(await say(here, request("GET", f"/cgi-bin/token?{query}"))) == 40125
        assert code_of(await say(here, stolen, proof("other", OTHER_SECRET))) == 0
        assert pushed(here.town) == [POLITE]


async def test_the_guard_speaks_as_the_host_of_the_tunnel_and_as_no_other(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for named in ("api.weibo.com", "evil.example"):
            with pytest.raises(OSError, match=r"^$"):  # reset, though this client would believe anything
                await tunnel(here, named, believes=True)
        _, writer = await tunnel(here, HOST, "h2", "http/1.1")
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.close()
        assert here.refusals() == {"handshake": 2}


async def test_calls_follow_each_other_in_one_tunnel(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        token = await a_token(here)
        reader, writer = await tunnel(here)
        sending = [request("POST", f"{SEND}?access_token={token}", message(text)) for text in (POLITE, RUDE)]
        writer.write(b"".join(sending))
        assert [code_of(await answer_of(reader)) for _ in sending] == [0, 0]
        assert (pushed(here.town), await held(here.town)) == ([POLITE], [RUDE])
        writer.close()
