"""The request a proxy is sent is read to the letter; whatever else it is, it is refused in one way."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.bodies import Refused
from app.web.forward_proxy.connect import Connect, ConnectHead

GIVEN = b64encode(b"acme:se:cret").decode()
SOUND = f"CONNECT API.Weixin.QQ.com:443 HTTP/1.0\r\nproxy-authorization: basic {GIVEN}\r\n\r\n".encode()


def test_a_head_is_read_whole_or_byte_by_byte() -> None:
    wanted = Connect("api.weixin.qq.com", "443", "acme", "se:cret")
    assert ConnectHead().feed(SOUND) == wanted
    head = ConnectHead()
    assert [head.feed(SOUND[i : i + 1]) for i in range(len(SOUND))] == [None] * (len(SOUND) - 1) + [wanted]
    assert wanted.platform == "wechat"


def test_a_secret_is_not_shown() -> None:
    assert "cret" not in repr(ConnectHead().feed(SOUND))


@pytest.mark.parametrize(
    ("host", "port", "platform"),
    [
        pytest.param("api.weibo.com", "443", "weibo", id="weibo"),
        pytest.param("m.api.weibo.com", "443", "weibo", id="weibo's messages"),
        pytest.param("c.api.weibo.com", "443", "weibo", id="weibo's businesses"),
        pytest.param("api.weixin.qq.com", "0443", None, id="a port written otherwise"),
        pytest.param("api.weixin.qq.com", "80", None, id="another port"),
        pytest.param("weixin.qq.com", "443", None, id="a host above"),
        pytest.param("api.weixin.qq.com.evil.example", "443", None, id="a host that begins the same"),
    ],
)
def test_what_is_led_to(host: str, port: str, platform: str | None) -> None:
    assert Connect(host, port, "", "").platform == platform


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Basic !!!", "Basic YQ", "Bearer YTpi", "Basic /////w==", "Digest a=b"],
)
def test_credentials_that_cannot_be_read_are_none(header: str) -> None:
    head = f"CONNECT api.weixin.qq.com:443 HTTP/1.1\r\nProxy-Authorization: {header}\r\n\r\n"
    read = ConnectHead().feed(head.encode())
    assert read is not None
    assert (read.vendor, read.secret) == ("", "")


@given(st.lists(st.binary(max_size=200), max_size=8), st.booleans())
def test_nothing_but_a_refusal_comes_of_rubbish(pieces: list[bytes], begun: bool) -> None:
    head = ConnectHead()
    with suppress(Refused):
        for piece in [SOUND[:40] if begun else b"", *pieces]:
            assert head.feed(piece) is None


def test_a_head_that_never_ends_is_refused_in_time() -> None:
    head = ConnectHead()
    assert head.feed(b"CONNECT a:443 HTTP/1.1\r\nX: ") is None
    assert [head.feed(b"x" * 1_000) for _ in range(8)] == [None] * 8
    with pytest.raises(Refused) as refused:
        head.feed(b"x" * 1_000)
    assert (refused.value.status, refused.value.code) == (431, "too-large")
