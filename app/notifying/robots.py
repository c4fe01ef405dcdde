"""Group robots: what each wants to be sent, and how each says no inside HTTP 200.

Formats and signatures as the platforms' own documents give them: 企业微信 群机器人, 钉钉 自定义机器人 (加签),
飞书 自定义机器人 (签名校验).
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from app.core.errors import PostError
from app.core.strict_json import parse_object
from app.notifying.posting import body_of, posted
from app.notifying.signed import post
from app.ports import Clock


@dataclass(frozen=True, slots=True)
class WeComRobot:
    http: httpx.AsyncClient
    url: str

    async def say(self, text: str) -> None:
        await _exchange(self.http, self.url, {"msgtype": "text", "text": {"content": text}}, "errcode")


@dataclass(frozen=True, slots=True)
class DingTalkRobot:
    http: httpx.AsyncClient
    url: str
    secret: str
    """Empty: the robot is let in by a keyword (慎言) or by its address."""
    clock: Clock

    async def say(self, text: str) -> None:
        url = self.url
        if self.secret:
            timestamp = str(int(self.clock().timestamp() * 1_000))
            signed = _hmac(self.secret, f"{timestamp}\n{self.secret}")
            url += f"{'&' if '?' in url else '?'}timestamp={timestamp}&sign={quote(signed, safe='')}"
        await _exchange(self.http, url, {"msgtype": "text", "text": {"content": text}}, "errcode")


@dataclass(frozen=True, slots=True)
class FeishuRobot:
    http: httpx.AsyncClient
    url: str
    secret: str
    """Empty: signatures are not switched on."""
    clock: Clock

    async def say(self, text: str) -> None:
        body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
        if self.secret:
            timestamp = str(int(self.clock().timestamp()))
            body |= {"timestamp": timestamp, "sign": _hmac(f"{timestamp}\n{self.secret}", "")}
        await _exchange(self.http, self.url, body, "code")


@dataclass(frozen=True, slots=True)
class PlainRobot:
    """A webhook of one's own: `{"text": ...}`, signed as `notifying.signed` says."""

    http: httpx.AsyncClient
    url: str
    secret: str
    clock: Clock

    async def say(self, text: str) -> None:
        body = json.dumps({"text": text}, ensure_ascii=False)
        key = hashlib.sha256(f"{self.clock().isoformat()}{text}".encode()).hexdigest()[:32]
        await post(self.http, self.url, self.secret, body, key, self.clock)


def _hmac(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


async def _exchange(http: httpx.AsyncClient, url: str, body: dict[str, object], code_in: str) -> None:
    """`code_in`: the answer's field that is 0 where it was taken."""
    # Uncompressed, because a small compressed answer may unpack to any size.
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    async with posted(http, url, json.dumps(body).encode(), headers) as answer:
        if answer.status_code != httpx.codes.OK:
            raise PostError(f"http: status {answer.status_code}")
        said = await body_of(answer)
    try:
        code = parse_object(said)[code_in]
    except (ValueError, KeyError) as error:
        raise PostError("robot: unreadable answer") from error
    if type(code) is not int:  # False is 0, too
        raise PostError("robot: refused")
    if code != 0:
        raise PostError(f"robot: {code_in} {code}")
