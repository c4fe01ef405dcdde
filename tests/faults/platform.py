"""The platform: pushes with resends, five seconds for each, and a send API with everything it may answer."""

import asyncio
import hashlib
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from app.demo.wechat_xml import NotXml, read, write
from tests.faults.guards import Fleet
from tests.faults.ledger import Conversation, Fate, Ledger, Send, Try, Via

ACCOUNT = "gh_hall"
TOKEN = "PlatformToken26"
APP_ID = "wx0123456789abcdef"
APP_SECRET = "platform-app-secret"

ANSWER_WITHIN_S = 5.0
TRIES = 3
SUCCESS_AFTER_S = 12.0
"""Longer than a guard waits for a send."""
NOTHING_FOR_S = 30.0
STARVED_S = 0.3
"""A guard answers after 4.8 s at the latest; what is left it needs for itself."""

REFUSALS: Mapping[str, int] = {
    "40001": 40001,
    "42001": 42001,
    "45009": 45009,
    "45015": 45015,
    "45047": 45047,
    "-1": -1,
}
VAGUE = ("500", "garbage", "nothing", "success-after-time-out", "hangs-up")
"""Ways to answer that leave the sender in the dark."""


@dataclass(slots=True)
class SendApi:
    """What the guard calls. `moody`: the share of sends that go wrong."""

    ledger: Ledger
    chance: random.Random
    moody: float = 0.2
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self.give_token)
        app.router.add_post("/cgi-bin/message/custom/send", self.send)
        return app

    async def give_token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["secret"] != APP_SECRET:
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        if asked.get("force_refresh"):
            self.token = secrets.token_hex(16)
        return web.json_response({"access_token": self.token, "expires_in": 7200})

    async def send(self, request: web.Request) -> web.StreamResponse:
        message = await request.json()
        user, text = str(message["touser"]), _said(message)
        conversation = self.ledger.of_text(text)
        if request.query.get("access_token") != self.token:
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        how = self._mood()
        if how in REFUSALS:
            self._note(conversation, user, text, how, Fate.REFUSED, arrives=False)
            if how in ("40001", "42001"):
                self.token = secrets.token_hex(16)
            return web.json_response({"errcode": REFUSALS[how], "errmsg": "no"})
        if how == "ok":
            self._note(conversation, user, text, how, Fate.CONFIRMED, arrives=True)
            return web.json_response({"errcode": 0, "errmsg": "ok"})
        arrives = how == "success-after-time-out" or self.chance.random() < 0.5
        self._note(conversation, user, text, how, Fate.UNKNOWN, arrives=arrives)
        return await _vaguely(request, how)

    def _mood(self) -> str:
        if self.chance.random() >= self.moody:
            return "ok"
        how = self.chance.choice((*REFUSALS, *VAGUE))
        self.ledger.faults[f"platform: {how}"] += 1
        return how

    def _note(
        self, conversation: Conversation | None, user: str, text: str, how: str, fate: Fate, *, arrives: bool
    ) -> None:
        if conversation is not None:
            conversation.sends.append(Send(time.monotonic(), user, text, how, fate, arrives))
            conversation.tell(f"platform is asked to send, says {how}, arrives: {arrives}: {text}")
        if arrives:
            self.ledger.receive(user, Via.API, text)


def _said(message: dict[str, object]) -> str:
    body = message[str(message["msgtype"])]
    assert isinstance(body, dict)
    return str(body.get("content") or body.get("media_id"))


async def _vaguely(request: web.Request, how: str) -> web.StreamResponse:
    match how:
        case "500":
            return web.Response(status=500, text="Internal Server Error")
        case "garbage":
            return web.Response(text="<html>\x00 ok?", content_type="text/html")
        case "nothing":
            await asyncio.sleep(NOTHING_FOR_S)
        case "success-after-time-out":
            await asyncio.sleep(SUCCESS_AFTER_S)
            return web.json_response({"errcode": 0, "errmsg": "ok"})
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@dataclass(slots=True)
class Pusher:
    """The platform's other half: pushes each message until it is answered, three times at most."""

    ledger: Ledger
    fleet: Fleet
    http: aiohttp.ClientSession
    starved_s: Callable[[float, float], float]
    """For how many seconds between two moments the machine gave us, or an idle bystander, no processor."""

    async def converse(self, conversation: Conversation) -> None:
        """Push one message as the platform does, and note what its citizen sees."""
        tries = [self._push(conversation)]
        if conversation.line.pushed_twice:
            self.ledger.faults["platform: pushed twice at once"] += 1
            tries.append(self._push(conversation))
        shown = False
        for coming in asyncio.as_completed(tries):
            answer = await coming
            if answer is not None and not shown:  # of two answers the first counts
                shown = True
                self._show(conversation, answer)
        if not shown:
            conversation.notice = True
            conversation.tell("citizen reads: the account is out of service")

    async def _push(self, conversation: Conversation) -> bytes | None:
        for number in range(TRIES):
            began = time.monotonic()
            answer = await self._try(conversation)
            if answer is not None:
                return answer
            if number + 1 < TRIES:
                await asyncio.sleep(max(0.0, began + ANSWER_WITHIN_S - time.monotonic()))
        return None

    async def _try(self, conversation: Conversation) -> bytes | None:
        """One push, at whichever guard takes the connection: the next one hears it where it is refused."""
        began, guard, problem, body = time.monotonic(), None, "no-connection", None
        waited_s = 0.0
        for guard in self.fleet.by_turns():
            waited_s = guard.waited_s()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S - (time.monotonic() - began)):
                    problem, body = await self._post(f"{guard.url}/hooks/hall", conversation)
            except TimeoutError:
                problem = "timeout"
            except aiohttp.ClientConnectorError:
                continue
            except aiohttp.ClientError:
                problem = "broken-off"
            break
        ended = time.monotonic()
        one = Try(began, ended - began, guard.name if guard else "", problem)
        conversation.tries.append(one)
        conversation.tell(f"push at {one.guard}: {problem or 'answered'} after {one.took_s:.2f} s")
        self.ledger.answers[problem or "answered"] += 1
        if problem == "timeout" and guard is not None:
            starved_s = max(self.starved_s(began, ended), guard.waited_s() - waited_s)
            self._judge(conversation, one, starved_s, undisturbed=guard.undisturbed(began, ended))
        return body

    def _judge(self, conversation: Conversation, one: Try, starved_s: float, *, undisturbed: bool) -> None:
        """Late is what a guard that ran all the time did not answer although the machine let it run."""
        if not undisturbed:
            self.ledger.not_judged["killed, stopped or just starting"] += 1
        elif starved_s > STARVED_S:
            self.ledger.not_judged["the machine kept the processor"] += 1
        else:
            self.ledger.late.append((conversation, one))

    async def _post(self, url: str, conversation: Conversation) -> tuple[str, bytes | None]:
        timestamp, nonce = str(int(time.time())), secrets.token_hex(5)
        signed = "".join(sorted((TOKEN, timestamp, nonce)))
        signature = hashlib.sha1(signed.encode()).hexdigest()  # noqa: S324 - the platform's choice
        query = {"signature": signature, "timestamp": timestamp, "nonce": nonce}
        body = _push_of(conversation)
        headers = {"Content-Type": "text/xml"}
        async with self.http.post(url, params=query, data=body, headers=headers) as response:
            answer = await response.read()
            return ("", answer) if response.status == 200 else (f"http-{response.status}", None)

    def _show(self, conversation: Conversation, answer: bytes) -> None:
        if answer in (b"", b"success"):
            return
        try:
            fields = read(answer)
        except NotXml:
            fields = {"Content": repr(answer)}
        text = fields.get("Content") or str(fields.get("Image"))
        user = str(fields.get("ToUserName", conversation.line.user))
        self.ledger.receive(user, Via.PASSIVE, str(text), conversation)


def _push_of(conversation: Conversation) -> bytes:
    """The same bytes at every try."""
    line = conversation.line
    return write(
        {
            "ToUserName": ACCOUNT,
            "FromUserName": line.user,
            "CreateTime": conversation.opened_at,
            "MsgType": "text",
            "Content": line.asks,
            "MsgId": line.message_id,
        }
    )
