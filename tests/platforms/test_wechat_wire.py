import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DecodeError
from app.core.model import BodyFormat
from app.platforms.wechat.wire import ILLEGAL, MAX_DEPTH, flat, nested, parse, scalar, write


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param("<xml><A>1</A><B><![CDATA[二]]></B></xml>", {"A": "1", "B": "二"}, id="CDATA and not"),
        pytest.param(" \r\n<xml>\n <A>1</A>\n</xml>\n ", {"A": "1"}, id="white space around"),
        pytest.param("<xml/>", {}, id="nothing inside"),
        pytest.param("<xml><A></A><B/></xml>", {"A": "", "B": ""}, id="empty elements"),
        pytest.param("<xml><A> 两端 </A></xml>", {"A": " 两端 "}, id="spaces of a text stay"),
        pytest.param(
            "<xml><A>a&lt;b&#20320;&amp;</A></xml>", {"A": "a<b你&"}, id="the five entities and numbers"
        ),
        pytest.param("<xml><A>a<![CDATA[]]]]><![CDATA[>]]></A></xml>", {"A": "a]]>"}, id="split CDATA"),
        pytest.param("<xml><A>x<!-- n -->y</A></xml>", {"A": "xy"}, id="a comment"),
        pytest.param(
            '<?xml version="1.0" encoding="UTF-8"?><xml><A>x</A></xml>', {"A": "x"}, id="declared UTF-8"
        ),
        pytest.param("<xml><A><B>1</B></A></xml>", {"A": {"B": "1"}}, id="nested"),
        pytest.param("<xml><A>1</A><A>2</A><A>3</A></xml>", {"A": ("1", "2", "3")}, id="repeated"),
        pytest.param(
            '{"A":1,"B":"二","C":{"D":[1.25,-3,true,null]}}',
            {"A": "1", "B": "二", "C": {"D": ("1.25", "-3", "true", "")}},
            id="JSON of all types",
        ),
        pytest.param('{"MsgId":24800000000000001}', {"MsgId": "24800000000000001"}, id="an id beyond 2^53"),
        pytest.param('{"A":"\\u4f60\\ud83d\\ude00"}', {"A": "你😀"}, id="escaped JSON"),
    ],
)
def test_reads(body: str, fields: dict[str, Any]) -> None:
    assert parse(body.encode()).fields == fields


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"  \n ", id="white space"),
        pytest.param(b"success", id="words"),
        pytest.param(b"\xef\xbb\xbf<xml/>", id="a byte order mark"),
        pytest.param("<xml><A>你</A></xml>".encode("gbk"), id="GBK"),
        pytest.param(b'<?xml version="1.0" encoding="GBK"?><xml/>', id="declared GBK"),
        pytest.param("<xml/>".encode("utf-16"), id="UTF-16"),
        pytest.param(b"<xml><A>1</A>", id="cut short"),
        pytest.param(b"<xml><A>1</B></xml>", id="crossed tags"),
        pytest.param(b"<xml/><xml/>", id="two roots"),
        pytest.param(b"<XML/>", id="another root"),
        pytest.param(b"<xml xmlns='urn:x'/>", id="a namespace"),
        pytest.param(b"<xml>words<A/></xml>", id="words before an element"),
        pytest.param(b"<xml><A/>words</xml>", id="words behind an element"),
        pytest.param(b"<xml>words</xml>", id="a root of words"),
        pytest.param(b"<!DOCTYPE xml><xml/>", id="a document type"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>', id="an entity"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///x">]><xml>&a;</xml>', id="an outer entity"),
        pytest.param(b"<xml><A>&nbsp;</A></xml>", id="an undeclared entity"),
        pytest.param(b"<xml><A>\x00</A></xml>", id="NUL"),
        pytest.param(b"<xml><A>\x0b</A></xml>", id="a vertical tab"),
        pytest.param(b"<xml><A>&#8;</A></xml>", id="a backspace as a number"),
        pytest.param("<xml><A>\uffff</A></xml>".encode(), id="U+FFFF"),
        pytest.param(b"<xml>" + b"<A>" * 6 + b"</A>" * 6 + b"</xml>", id="XML too deep"),
        pytest.param(b"<xml>" + b"<A>" * 9000 + b"</A>" * 9000 + b"</xml>", id="XML far too deep"),
        pytest.param(b'{"A":1,"A":2}', id="a doubled key"),
        pytest.param(b'{"A":{"B":1,"B":2}}', id="a doubled key inside"),
        pytest.param(b'{"A":"\x01"}', id="a raw control character in JSON"),
        pytest.param(b'{"A":"\\u000b"}', id="an escaped control character in JSON"),
        pytest.param(b'{"A":"\\ud800"}', id="half a character in JSON"),
        pytest.param(b'{"\\u0000":"x"}', id="NUL in a key"),
        pytest.param(b'{"A":NaN}', id="NaN"),
        pytest.param(b'{"A":1}{"B":2}', id="two JSON objects"),
        pytest.param(b'{"A":' + b"[" * 6 + b"]" * 6 + b"}", id="JSON too deep"),
        pytest.param(b'{"A":' * 100_000, id="JSON far too deep"),
        pytest.param(b"[1]", id="a JSON list"),
    ],
)
def test_refuses(body: bytes) -> None:
    with pytest.raises(DecodeError):
        parse(body)


def test_the_deepest_push_known_is_read() -> None:
    body = b"<xml>" + b"<A>" * (MAX_DEPTH - 1) + b"x" + b"</A>" * (MAX_DEPTH - 1) + b"</xml>"
    assert "x" in str(parse(body).fields)


def test_an_error_quotes_nothing() -> None:
    with pytest.raises(DecodeError) as refused:
        parse("<xml><A>身份证号&secret;</A></xml>".encode())
    assert "身份证" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_doubled_or_nested_field_is_no_text() -> None:
    fields = parse(b"<xml><A>1</A><A>2</A><B><C/></B><D>x</D></xml>").fields
    assert scalar(fields, "D") == "x"
    assert scalar(fields, "Absent") == ""
    for name in "AB":
        with pytest.raises(DecodeError):
            scalar(fields, name)
    for name in "AD":
        with pytest.raises(DecodeError):
            nested(fields, name)


def test_flat_names_are_dotted_and_leave_lists_out() -> None:
    fields = parse(b"<xml><A>1</A><B><C>2</C><D>3</D><D>4</D></B></xml>").fields
    assert dict(flat(fields)) == {"A": "1", "B.C": "2"}


@pytest.mark.parametrize("body_format", list(BodyFormat))
@given(
    text=st.text()
    | st.lists(st.sampled_from(["]]>", "]]", ">", "<![CDATA[", "&lt;", "😀", "<a>", '"', "\\"])).map("".join)
)
def test_every_legal_text_survives(body_format: BodyFormat, text: str) -> None:
    if ILLEGAL.search(text):
        with pytest.raises(DecodeError):
            write(body_format, {"Content": text})
        return
    read = parse(write(body_format, {"Content": text})).fields
    if body_format is BodyFormat.XML:  # XML reads every line end as \n
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert read == {"Content": text}


def test_json_is_written_with_numbers_and_lists_where_wechat_has_them() -> None:
    xml = b"""<xml><CreateTime>17</CreateTime><MsgId>24800000000000001</MsgId><Content>17</Content>
        <SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>m</PicMd5Sum></item></PicList></SendPicsInfo>
        </xml>"""
    written = json.loads(write(BodyFormat.JSON, parse(xml).fields))
    assert written == {
        "CreateTime": 17,
        "MsgId": 24800000000000001,
        "Content": "17",
        "SendPicsInfo": {"Count": "1", "PicList": [{"PicMd5Sum": "m"}]},
    }


def test_a_json_name_that_xml_cannot_spell_is_refused() -> None:
    with pytest.raises(DecodeError):
        write(BodyFormat.XML, parse(b'{"a><b":"1"}').fields)
