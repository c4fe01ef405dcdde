"""WeChat's API of the bench: a token, and a yes to every message, as fast as it can."""

import json

from starlette.types import Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    token = scope["path"].endswith("/stable_token")
    answer = {"access_token": "bench", "expires_in": 7200} if token else {"errcode": 0, "errmsg": "ok"}
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
