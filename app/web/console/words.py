"""What the pages call things: our codes as moderators' words."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from app.core.bypass import AlertKind
from app.core.checklist import Item
from app.core.identity import Role
from app.core.manuscripts import REFERENCE
from app.core.model import Message, MessageKind
from app.core.records import DeliveryState, HoldState, PostState
from app.core.speakers import SpeakerKind
from app.core.submission import Way, way_of
from app.web.console.language import translate as _

CATEGORIES: Mapping[str, str] = {
    "tone": "态度",
    "mockery": "嘲讽",
    "authority": "越权",
    "privacy": "隐私",
    "fabrication": "编造",
    "vulgar": "低俗",
    "leak": "露底",
    "off_role": "越位",
    "diversion": "导流",
    "system": "系统",
}
SEVERITIES: Mapping[str, str] = {"info": "记录", "low": "提示", "medium": "拦下", "high": "严重"}
HOLD_STATES: Mapping[str, str] = {
    HoldState.PENDING: "待办",
    HoldState.CLAIMED: "已认领",
    HoldState.APPROVED: "已放行",
    HoldState.EDITED: "改后放行",
    HoldState.REJECTED: "已拦截",
    HoldState.TRANSFERRED: "已转办",
    HoldState.EXPIRED: "已过期",
}
WAYS: Mapping[str, str] = {
    Way.MESSAGE: "客服消息，市民的留言见上",
    Way.MASS: "群发",
    Way.PREVIEW: "群发预览",
    Way.PUBLISH: "发布图文",
    Way.TEMPLATE: "模板消息",
    Way.SUBSCRIPTION: "订阅通知",
    Way.ONE_OFF: "一次性订阅消息",
    Way.COMMENT: "回复评论",
    Way.STATUS: "发布微博",
}
DELIVERY_STATES: Mapping[str, str] = {
    DeliveryState.QUEUED: "等待发送",
    DeliveryState.SENDING: "发送中",
    DeliveryState.DELIVERED: "已送达",
    DeliveryState.RETRYING: "等待重试",
    DeliveryState.FAILED: "发送失败",
    DeliveryState.EXPIRED: "已过期",
    DeliveryState.UNCERTAIN: "不知是否送达",
}
WORK_ORDER_STATES: Mapping[str, str] = {
    PostState.KEPT: "请导出后送交",
    PostState.QUEUED: "正在送交",
    PostState.SENT: "已送交",
    PostState.FAILED: "送交失败，请导出后送交",
}
ROLES: Mapping[str, str] = {
    Role.VENDOR_OPERATOR: "外包运营",
    Role.DUTY_REVIEWER: "值班审核",
    Role.SECTION_REVIEWER: "业务科室审核",
    Role.LEADER: "主管领导",
    Role.ADMINISTRATOR: "系统管理员",
    Role.AUDITOR: "安全审计员",
}
WHY_UNANSWERED: Mapping[str, str] = {
    "stopped": "频道已停机",
    "crash": "服务中断",
    "records-away": "记录库当时不可用",
    "bot-timeout": "机器人超时",
    "bot-malformed": "机器人答得不成样子",
    "bot-silent": "机器人没有答",
    "bot-busy": "同时在等机器人的太多",
    "bot-error": "机器人出错",
}
SPEAKER_KINDS: Mapping[str, str] = {
    SpeakerKind.BOT: "机器人",
    SpeakerKind.VENDOR: "外包方（第二道门）",
    SpeakerKind.PROGRAM: "能放行的程序",
    SpeakerKind.PERSON: "能放行的人",
}
ALERT_KINDS: Mapping[str, str] = {
    AlertKind.SPEAKER: "能说话的变了",
    AlertKind.REDIRECT: "机器人转去别的主机",
    AlertKind.RETIRED_TOKEN: "作废的令牌又来了",
    AlertKind.AUTOREPLY: "平台自己的自动回复开着",
    AlertKind.FOREIGN: "平台上有不是我们发的话",
    AlertKind.CANARY_WRONG: "值守测试的应答不是我们的",
    AlertKind.CANARY_MISSING: "等不到值守测试",
}
ALERT_ADVICE: Mapping[str, str] = {
    AlertKind.SPEAKER: "核对合同和配置。属实就在“谁能说话”里确认，不属实先停机。",
    AlertKind.REDIRECT: "慎言没有跟过去，市民听到的是保底用语。问外包方，确实搬了家就改配置。",
    AlertKind.RETIRED_TOKEN: "推送已被拒绝。查是谁还在用，让他停下来。",
    AlertKind.AUTOREPLY: "到平台后台关掉，再核对平台自动回复清单。",
    AlertKind.FOREIGN: "到平台后台看是谁发的、发了什么，收回他的权限，改掉密码。",
    AlertKind.CANARY_WRONG: "有人替我们应答。到平台后台查服务器地址、第三方授权和智能对话。",
    AlertKind.CANARY_MISSING: "先看测试的手机或程序。它好好的，就查平台后台的服务器地址。",
}
AUTOREPLIES: Mapping[str, str] = {
    "follow": "被关注回复",
    "message": "收到消息回复",
    "keyword": "存有关键词规则",
}
CHECKLIST_ITEMS: Mapping[str, str] = {
    Item.FOLLOW_REPLY: "被关注自动回复",
    Item.KEYWORD_REPLY: "关键词自动回复",
    Item.MESSAGE_REPLY: "收到消息自动回复",
    Item.SMART_REPLY: "智能对话、智能回复",
    Item.THIRD_PARTY: "第三方平台授权",
    Item.HUMAN_DESK: "多客服接入",
    Item.PRIVATE_REPLY: "私信自动回复",
    Item.OTHER_APPS: "粉丝服务里慎言以外的应用",
}
ACTIONS: Mapping[str, str] = {
    "hold.claim": "认领",
    "hold.release": "退回",
    "hold.approve": "放行",
    "hold.edit": "改后放行",
    "hold.propose": "拟稿",
    "hold.reject": "拦截",
    "hold.transfer": "转办",
    "hold.note": "备注",
    "hold.expire": "过期",
    "hold.unmask": "查看号码",
    "callback.give-up": "放弃回调",
    "callback.again": "再次回调",
    "work-order.give-up": "放弃送交工单",
    "delivery.retry": "重发",
    "delivery.confirm": "标记已送达",
    "exchange.close": "关闭未答",
    "channel.stop": "停机",
    "channel.resume": "恢复",
    "user.sign-in": "登录",
    "user.sign-out": "退出",
    "user.refused": "登录被拒",
    "user.password": "改密码",
    "user.add": "加用户",
    "user.reset": "重置密码",
    "user.disable": "停用用户",
    "user.enable": "启用用户",
    "user.totp": "开通动态码",
    "user.totp-off": "取消动态码",
    "user.session": "结束登录",
    "takeover.begin": "转人工",
    "takeover.end": "交回机器人",
    "vendor.token": "外包方取令牌",
    "vendor.issue": "发给外包方令牌",
    "vendor.end-tokens": "作废外包方旧令牌",
    "vendor.revoke": "停用外包方",
    "vendor.restore": "恢复外包方",
    "bypass.speaker": "能说话的变了",
    "bypass.redirect": "机器人转去别的主机",
    "bypass.retired-token": "作废的令牌又来了",
    "bypass.autoreply": "平台自己的自动回复开着",
    "bypass.foreign": "平台上有不是我们发的话",
    "bypass.canary-wrong": "值守测试的应答不是我们的",
    "bypass.canary-missing": "等不到值守测试",
    "bypass.acknowledge": "处理警报",
    "registry.begin": "记下谁能说话",
    "registry.confirm": "确认谁能说话",
    "checklist.sign": "签平台自动回复清单",
    "shift.hand-over": "交班",
    "shift.take-over": "接班",
}


def aim(message: Message) -> str:
    """Whom a vendor's words are for, in words; empty: nobody in particular."""
    extra, way = message.extra, way_of(message)
    if way is None:
        return ""
    if extra.get("is_to_all") == "true":
        return _("全体关注者")
    if "tag_id" in extra:
        return _("标签 {id} 的关注者").format(id=extra["tag_id"])
    if way is Way.MASS:
        return _("{n} 位关注者").format(n=len(json.loads(extra.get("touser", "[]"))))
    if message.kind is MessageKind.COMMENT:
        place = _("微博 {id} 下") if "cid" not in extra else _("微博 {id} 下的评论 {cid}")
        return place.format(**extra)
    return extra.get("towxname", "")


def heading(message: Message) -> str:
    """Whose matter a hold is: a citizen's message, a vendor's submission, another system's manuscript."""
    way = way_of(message)
    if way is not None:
        return _("{who} 提交：{what}").format(who=message.account, what=_(WAYS[way]))
    if not message.submitted:
        return _("市民的留言")
    said = _("{who} 交来审的稿，回的是") if message.text else _("{who} 交来审的稿")
    reference = message.extra.get(REFERENCE)
    return said.format(who=message.account) + (f"（{reference}）" if reference else "")


def asked(message: Message) -> str:
    """The same in a line, with what was written or whom it is for."""
    if way_of(message) is None and not message.submitted:
        return _("市民") + "：" + (message.text or _("（没有文字）"))
    return " · ".join(part for part in (heading(message), message.text, aim(message)) if part)


_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def span_of_time(length: timedelta) -> str:
    """In the largest unit that fits, rounded down: 3 天 4 小时, 12 分钟."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return _("{n} 秒").format(n=seconds)
    if seconds < _HOUR:
        return _("{n} 分钟").format(n=seconds // _MINUTE)
    if seconds < _DAY:
        hours, rest = divmod(seconds, _HOUR)
        return _("{h} 小时 {m} 分钟").format(h=hours, m=rest // _MINUTE)
    days, rest = divmod(seconds, _DAY)
    return _("{d} 天 {h} 小时").format(d=days, h=rest // _HOUR)


def moment(at: datetime) -> str:
    """In the machine's own time zone, as people there read it."""
    return at.astimezone().strftime("%m-%d %H:%M")
