"""Links lead to hosts: what a list covers, and what only looks like the government's."""

import pytest

from app.core.mentions.links import KnownLinks, find, imitates_government, listed, said, without
from tests.core.mentions.reading import keys, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("详见www.example.gov.cn。", ["example.gov.cn"], id="with www"),
        pytest.param("HTTPS://WWW.Example.gov.cn/Zwgk/", ["example.gov.cn/zwgk"], id="scheme, case, slash"),
        pytest.param("http://example.gov.cn:80/a?b=1#c", ["example.gov.cn/a?b=1"], id="usual port, fragment"),
        pytest.param("（网址：example.gov.cn/a），谢谢", ["example.gov.cn/a"], id="among punctuation"),
        pytest.param("ｗｗｗ．example．ｇｏｖ．cn", ["example.gov.cn"], id="full width"),
        pytest.param("www。example点gov点cn", ["example.gov.cn"], id="other dots"),
        pytest.param('<a href="http://x.cn/a">看这里</a>', ["x.cn/a"], id="in markup"),
        pytest.param("http://www.gov.cn@evil.com/a", ["evil.com/a"], id="a host in the user's place"),
        pytest.param("http://1.2.3.4/a", ["1.2.3.4/a"], id="an address of numbers"),
        pytest.param("1.2.3.4:8080/a", ["1.2.3.4:8080/a"], id="an address of numbers, bare"),
        pytest.param("http://北京.政务", ["北京.政务"], id="a Chinese host"),
        pytest.param("请发至ab.c@example.gov.cn", ["ab.c@example.gov.cn"], id="a mail address"),
        pytest.param("ftp://x/y", ["x/y"], id="another scheme"),
        pytest.param("版本v2.0，约3.5万元，a.b项", [], id="dots of other kinds"),
        pytest.param("9点开门，A点到B点", [], id="点 of other kinds"),
        pytest.param("http://……", [], id="leads nowhere"),
        pytest.param("weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=2", [], id="a choice to tap"),
    ],
)
def test_links(text: str, expected: list[str]) -> None:
    assert keys(find, text) == expected
    assert list(said(plain(text))) == expected


@pytest.mark.parametrize(
    ("key", "covered"),
    [
        pytest.param("example.gov.cn", True, id="a host"),
        pytest.param("example.gov.cn/a/b?c=1", True, id="a page of it"),
        pytest.param("example.gov.cn?c=1", True, id="a question to it"),
        pytest.param("sub.example.gov.cn", False, id="a host below it"),
        pytest.param("example.gov.cn.evil.com", False, id="a host that begins like it"),
        pytest.param("example.gov.cn:8443", False, id="another port"),
        pytest.param("qx.zwfw.gov.cn/x", True, id="below a star"),
        pytest.param("zwfw.gov.cn", True, id="the star's own host"),
        pytest.param("evilzwfw.gov.cn", False, id="a host that ends like it"),
        pytest.param("mp.weixin.qq.com/s/abc", True, id="a page"),
        pytest.param("mp.weixin.qq.com/s/abc?x=1", True, id="a page with a question"),
        pytest.param("mp.weixin.qq.com/s/abcd", False, id="a page that begins like it"),
        pytest.param("mp.weixin.qq.com/s/abc/../evil", False, id="out of it again"),
        pytest.param("mp.weixin.qq.com", False, id="the host of a page"),
    ],
)
def test_a_list_covers(key: str, covered: bool) -> None:
    known = KnownLinks.of(["example.gov.cn", "*.zwfw.gov.cn", "mp.weixin.qq.com/s/abc"])
    assert known.covers(key) is covered


@pytest.mark.parametrize(
    ("key", "imitates"),
    [
        pytest.param("gov.cn.evil.com", True, id="begins like it"),
        pytest.param("example-gov.cn", True, id="with a hyphen"),
        pytest.param("examplegov.cn", True, id="without a dot"),
        pytest.param("example.g0v.cn", True, id="a zero"),
        pytest.param("example.gov.com/x", True, id="another ending"),
        pytest.param("example.gov.cn/gov", False, id="the government's"),
        pytest.param("gov.cn", False, id="the government's own"),
        pytest.param("example.com/gov.cn", False, id="only its page"),
        pytest.param("governance.org", False, id="another word"),
    ],
)
def test_look_alikes_of_the_government(key: str, imitates: bool) -> None:
    assert imitates_government(key) is imitates


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("https://www.example.gov.cn/", ("example.gov.cn",), id="a link"),
        pytest.param("*.example.gov.cn", ("*.example.gov.cn",), id="a star"),
        pytest.param("市政府网站 www.example.gov.cn", (), id="words beside it"),
        pytest.param("a.cn b.cn", (), id="two"),
        pytest.param("市政府网站", (), id="none"),
    ],
)
def test_a_value_of_a_list(value: str, expected: tuple[str, ...]) -> None:
    assert listed(plain(value)) == expected


def test_the_rest_of_a_text_stays_where_it_is() -> None:
    text = "看a.cn/028-12345678和b.cn。"
    assert without(text, find(text)) == "看" + "\n" * 17 + "和\n\n\n\n。"
