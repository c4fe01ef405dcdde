from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import DecodeError
from app.core.model import BodyFormat, Message, MessageKind, SendWindow
from tests.platforms.wechat_pushes import HEAD, NOW, SENT, TEXT_PUSH, codec, push, signed

AFTER_MESSAGE = SendWindow(NOW + timedelta(hours=48), 5)
AFTER_CLICK = SendWindow(NOW + timedelta(minutes=1), 3, reviewable=False)


def read(**fields: Any) -> Message:
    """The message of one push; both spellings of it must say the same."""
    whole = {**HEAD, **fields}
    messages = [
        codec().decode(signed(), push(whole, body_format), NOW)
        for body_format in (BodyFormat.XML, BodyFormat.JSON)
    ]
    facts = [(m.key, m.user, m.kind, m.text, m.event, m.event_key, m.extra, m.window) for m in messages]
    if fields.get("MsgId"):  # without an id a message's key is made from its bytes
        assert facts[0] == facts[1]
    return messages[0]


@pytest.mark.parametrize(
    ("fields", "kind", "text", "extra"),
    [
        pytest.param({"MsgType": "text", "Content": "你好😀"}, MessageKind.TEXT, "你好😀", {}, id="text"),
        pytest.param(
            {"MsgType": "image", "PicUrl": "http://p/x", "MediaId": "m"},
            MessageKind.IMAGE,
            "",
            {"PicUrl": "http://p/x", "MediaId": "m"},
            id="image",
        ),
        pytest.param(
            {"MsgType": "voice", "MediaId": "m", "Format": "amr", "Recognition": "几点开门"},
            MessageKind.VOICE,
            "几点开门",
            {"MediaId": "m", "Format": "amr"},
            id="voice, recognised",
        ),
        pytest.param(
            {"MsgType": "voice", "MediaId": "m"},
            MessageKind.VOICE,
            "",
            {"MediaId": "m"},
            id="voice, not recognised",
        ),
        pytest.param(
            {"MsgType": "video", "MediaId": "m", "ThumbMediaId": "t"},
            MessageKind.VIDEO,
            "",
            {"MediaId": "m", "ThumbMediaId": "t"},
            id="video",
        ),
        pytest.param(
            {"MsgType": "shortvideo", "MediaId": "m"},
            MessageKind.SHORT_VIDEO,
            "",
            {"MediaId": "m"},
            id="short video",
        ),
        pytest.param(
            {
                "MsgType": "location",
                "Location_X": "23.1",
                "Location_Y": "113.3",
                "Scale": "20",
                "Label": "政务大厅",
            },
            MessageKind.LOCATION,
            "政务大厅",
            {"Location_X": "23.1", "Location_Y": "113.3", "Scale": "20"},
            id="location",
        ),
        pytest.param(
            {"MsgType": "link", "Title": "题", "Description": "述", "Url": "https://e.org/"},
            MessageKind.LINK,
            "题\n述",
            {"Url": "https://e.org/"},
            id="link",
        ),
        pytest.param(
            {"MsgType": "miniprogrampage", "Title": "办事", "AppId": "wx1", "PagePath": "p"},
            MessageKind.MINI_PROGRAM,
            "办事",
            {"AppId": "wx1", "PagePath": "p"},
            id="mini program",
        ),
        pytest.param(
            {"MsgType": "holo", "Foo": "x", "Bar": {"Baz": "y"}},
            MessageKind.UNKNOWN,
            "",
            {"Foo": "x", "Bar.Baz": "y"},
            id="a kind of the future",
        ),
    ],
)
def test_messages(fields: dict[str, Any], kind: MessageKind, text: str, extra: dict[str, str]) -> None:
    message = read(**fields, MsgId="248")
    assert (message.kind, message.kind_name) == (kind, fields["MsgType"])
    assert message.text == text
    assert message.extra == {**extra, "MsgId": "248"}
    assert message.key == "MsgId:248"
    assert (message.user, message.account) == ("oCitizen", "gh_hall")
    assert (message.sent_at, message.received_at) == (NOW, NOW)
    assert message.window == AFTER_MESSAGE


@pytest.mark.parametrize(
    ("fields", "event", "event_key", "window"),
    [
        pytest.param({"Event": "subscribe", "EventKey": ""}, "subscribe", "", AFTER_CLICK, id="follow"),
        pytest.param({"Event": "subscribe"}, "subscribe", "", AFTER_CLICK, id="follow without EventKey"),
        pytest.param(
            {"Event": "subscribe", "EventKey": "qrscene_1", "Ticket": "T"},
            "subscribe",
            "qrscene_1",
            AFTER_CLICK,
            id="follow by QR code",
        ),
        pytest.param({"Event": "SCAN", "EventKey": "1", "Ticket": "T"}, "scan", "1", AFTER_CLICK, id="scan"),
        pytest.param({"Event": "CLICK", "EventKey": "V1"}, "click", "V1", AFTER_CLICK, id="menu click"),
        pytest.param(
            {
                "Event": "scancode_waitmsg",
                "EventKey": "6",
                "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"},
            },
            "scancode_waitmsg",
            "6",
            AFTER_CLICK,
            id="menu scan",
        ),
        pytest.param(
            {
                "Event": "pic_weixin",
                "EventKey": "6",
                "SendPicsInfo": {"Count": "1", "PicList": ({"PicMd5Sum": "m"},)},
            },
            "pic_weixin",
            "6",
            AFTER_CLICK,
            id="menu picture",
        ),
        pytest.param(
            {"Event": "location_select", "EventKey": "6"},
            "location_select",
            "6",
            AFTER_CLICK,
            id="menu place",
        ),
        pytest.param(
            {"Event": "unsubscribe", "EventKey": ""},
            "unsubscribe",
            "",
            None,
            id="unfollow: nobody to write to",
        ),
        pytest.param({"Event": "LOCATION", "Latitude": "23.1"}, "location", "", None, id="place report"),
        pytest.param(
            {"Event": "VIEW", "EventKey": "https://e.org/", "MenuId": "1"},
            "view",
            "https://e.org/",
            None,
            id="menu link",
        ),
        pytest.param(
            {"Event": "MASSSENDJOBFINISH", "MsgID": "1000001", "Status": "send success"},
            "masssendjobfinish",
            "",
            None,
            id="mass send done",
        ),
        pytest.param(
            {
                "Event": "PUBLISHJOBFINISH",
                "PublishEventInfo": {
                    "publish_id": "1",
                    "article_detail": {"count": "1", "item": {"idx": "1"}},
                },
            },
            "publishjobfinish",
            "",
            None,
            id="publish done",
        ),
        pytest.param(
            {"Event": "debug_demo", "debug_str": "hello"}, "debug_demo", "", None, id="an event of the future"
        ),
        pytest.param({}, "", "", None, id="an event without a name"),
    ],
)
def test_events(fields: dict[str, Any], event: str, event_key: str, window: SendWindow | None) -> None:
    message = read(MsgType="event", **fields)
    assert message.kind is MessageKind.EVENT
    assert (message.event, message.event_key, message.text) == (event, event_key, "")
    assert message.window == window


def test_nested_values_are_told_by_dotted_names() -> None:
    scanned = read(MsgType="event", Event="scancode_push", EventKey="6", ScanCodeInfo={"ScanResult": "证"})
    assert scanned.extra == {"ScanCodeInfo.ScanResult": "证"}


def test_a_tap_in_a_menu_message_counts_as_a_click() -> None:
    tapped = read(MsgType="text", Content="满意", bizmsgmenuid="101", MsgId="1")
    assert tapped.text == "满意"
    assert tapped.window == AFTER_CLICK


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        pytest.param({"Event": "CLICK", "EventKey": "V1"}, f"oCitizen:{SENT}:click:V1", id="click"),
        pytest.param({"Event": "subscribe", "EventKey": ""}, f"oCitizen:{SENT}:subscribe:", id="follow"),
        pytest.param(
            {"Event": "TEMPLATESENDJOBFINISH", "MsgID": "7"},
            f"oCitizen:{SENT}:templatesendjobfinish:7",
            id="job",
        ),
    ],
)
def test_an_event_is_named_by_who_when_and_what(fields: dict[str, str], key: str) -> None:
    assert read(MsgType="event", **fields).key == key


def test_keys_stay_short_and_apart() -> None:
    keys = {
        read(MsgType="event", Event="VIEW", EventKey="https://e.org/" + "长" * 500 + tail).key
        for tail in "ab"
    }
    assert len(keys) == 2
    assert all(len(key) <= 200 for key in keys)


def test_two_messages_without_an_id_in_one_second_are_two() -> None:
    keys = {read(MsgType="holo", Foo=foo).key for foo in "ab"}
    assert len(keys) == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"FromUserName": ""}, id="nobody wrote it"),
        pytest.param({"ToUserName": ""}, id="written to nobody"),
        pytest.param({"FromUserName": "a:b"}, id="a name that would blur the parts of a key"),
        pytest.param({"FromUserName": "甲"}, id="a name that is no id"),
        pytest.param({"FromUserName": "o" * 129}, id="a huge name"),
        pytest.param({"CreateTime": ""}, id="no time"),
        pytest.param({"CreateTime": "昨天"}, id="time in words"),
        pytest.param({"CreateTime": "-1"}, id="negative time"),
        pytest.param({"CreateTime": "99999999999"}, id="time beyond the calendar"),
        pytest.param({"CreateTime": "١٧"}, id="digits of another script"),
        pytest.param({"Content": ("a", "b")}, id="two contents"),
        pytest.param({"Content": {"a": "b"}}, id="a content with children"),
        pytest.param({"MediaId": ("a", "b")}, id="two media ids"),
        pytest.param({"Event": {"a": "b"}, "MsgType": "event"}, id="an event with children"),
    ],
)
def test_refuses(changes: dict[str, Any]) -> None:
    body = push({**TEXT_PUSH, **changes}, BodyFormat.JSON)
    with pytest.raises(DecodeError):
        codec().decode(signed(), body, NOW)


def test_a_doubled_element_is_refused_in_xml_too() -> None:
    body = push(TEXT_PUSH).replace(b"<MsgType>", b"<MsgType>image</MsgType><MsgType>")
    with pytest.raises(DecodeError):
        codec().decode(signed(), body, NOW)


def test_an_unknown_list_is_nobodys_harm() -> None:
    body = push(TEXT_PUSH).replace(b"</xml>", b"<detail>1</detail><detail>2</detail></xml>")
    assert codec().decode(signed(), body, NOW).text == TEXT_PUSH["Content"]
