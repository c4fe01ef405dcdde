"""The vendor's bot of the bench: answers every WeChat push with one polite sentence, as fast as it can."""

from starlette.types import Receive, Scope, Send

ANSWER = (
    "<xml><ToUserName>{user}</ToUserName><FromUserName>gh_bench</FromUserName><CreateTime>1</CreateTime>"
    "<MsgType>text</MsgType><Content>您好，办事大厅工作日上午九点至下午五点开放，请携带身份证原件到一楼"
    "综合窗口办理，您也可以通过政务服务网在线预约，感谢您的咨询。</Content></xml>"
)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body", False):
            break
    start = body.index(b"<FromUserName>") + len(b"<FromUserName>")
    user = body[start : body.index(b"</FromUserName>", start)].decode()
    answer = ANSWER.format(user=user.removeprefix("<![CDATA[").removesuffix("]]>")).encode()
    headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
