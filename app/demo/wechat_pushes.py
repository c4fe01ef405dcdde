"""Every kind of push WeChat makes, with example fields, and the window each one opens."""

from collections.abc import Mapping
from datetime import timedelta

from app.demo.wechat_xml import Value

MESSAGES: Mapping[str, Mapping[str, Value]] = {
    "text": {"Content": "你好"},
    "image": {"PicUrl": "https://mmbiz.example.cn/pic.jpg", "MediaId": "media-image-1"},
    "voice": {"MediaId": "media-voice-1", "Format": "amr", "Recognition": "办事大厅几点开门"},
    "video": {"MediaId": "media-video-1", "ThumbMediaId": "media-thumb-1"},
    "shortvideo": {"MediaId": "media-video-2", "ThumbMediaId": "media-thumb-2"},
    "location": {"Location_X": "30.664", "Location_Y": "117.491", "Scale": 16, "Label": "百牙西路"},
    "link": {"Title": "通知", "Description": "关于停水的通知", "Url": "https://www.example.gov.cn/1"},
    "miniprogrampage": {
        "Title": "掌上办事",
        "AppId": "wx00000000000000ff",
        "PagePath": "pages/index",
        "ThumbUrl": "https://mmbiz.example.cn/thumb.jpg",
        "ThumbMediaId": "media-thumb-3",
    },
}
"""MsgType -> the fields beside the common ones. Source: wechat, receiving standard messages."""

EVENTS: Mapping[str, Mapping[str, Value]] = {
    "subscribe": {"EventKey": ""},
    "unsubscribe": {"EventKey": ""},
    "SCAN": {"EventKey": "1001", "Ticket": "ticket-1"},
    "CLICK": {"EventKey": "MENU_HOURS"},
    "VIEW": {"EventKey": "https://www.example.gov.cn/", "MenuId": "434122114"},
    "view_miniprogram": {"EventKey": "pages/index", "MenuId": "434122115"},
    "LOCATION": {"Latitude": "30.66", "Longitude": "117.49", "Precision": "65.0"},
    "scancode_push": {"EventKey": "6", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"}},
    "scancode_waitmsg": {"EventKey": "7", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "2"}},
    "pic_sysphoto": {"EventKey": "8", "SendPicsInfo": {"Count": 1, "PicList": [{"PicMd5Sum": "0a"}]}},
    "pic_photo_or_album": {"EventKey": "9", "SendPicsInfo": {"Count": 1, "PicList": [{"PicMd5Sum": "0b"}]}},
    "pic_weixin": {"EventKey": "10", "SendPicsInfo": {"Count": 1, "PicList": [{"PicMd5Sum": "0c"}]}},
    "location_select": {
        "EventKey": "11",
        "SendLocationInfo": {"Location_X": "30", "Location_Y": "117", "Scale": "15", "Label": "广场"},
    },
    "MASSSENDJOBFINISH": {"MsgID": 1000001, "Status": "send success", "TotalCount": 10, "SentCount": 10},
    "TEMPLATESENDJOBFINISH": {"MsgID": 1000002, "Status": "success"},
    "PUBLISHJOBFINISH": {"PublishEventInfo": {"publish_id": "2247503051", "publish_status": 0}},
    "kf_create_session": {"KfAccount": "kf2001@example"},
    "kf_close_session": {"KfAccount": "kf2001@example"},
    "user_authorization_revoke": {"OpenID": "o-1", "RevokeInfo": "1"},
}
"""Event -> the fields beside the common ones. Source: wechat, receiving event pushes."""

MESSAGE_WINDOW = (timedelta(hours=48), 5)
"""How long after a message, and how often, the follower may be written to."""

EVENT_WINDOW = (timedelta(minutes=1), 3)

EVENTS_WITH_WINDOW = frozenset(
    {
        "subscribe",
        "scan",
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)
"""A follow, a scan, and whatever is tapped in the menu."""


def fields_of(kind: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """MsgType (and Event) with example fields, overlaid with `given`. An unknown kind is sent as it is."""
    if kind in EVENTS:
        return {"MsgType": "event", "Event": kind, **EVENTS[kind], **given}
    return {"MsgType": kind, **MESSAGES.get(kind, {}), **given}


def is_event(fields: Mapping[str, Value]) -> bool:
    """Also a text that was tapped in a menu message counts as an event, not as a message."""
    return fields["MsgType"] == "event" or "bizmsgmenuid" in fields


def window_of(fields: Mapping[str, Value]) -> tuple[timedelta, int] | None:
    """How long and how often the account may write after this push; None: it opens nothing."""
    if not is_event(fields):
        return MESSAGE_WINDOW
    tapped = "bizmsgmenuid" in fields or str(fields.get("Event", "")).lower() in EVENTS_WITH_WINDOW
    return EVENT_WINDOW if tapped else None
