"""What kind of request it is, how urgent, and whether it must stay secret."""

import re
from collections.abc import Mapping

from app.core.elements.model import Kind, Urgency
from app.core.elements.reading import Reading

_OPENLY: Mapping[Kind, re.Pattern[str]] = {
    Kind.REPORT: re.compile(
        r"(?<!被)(?<!不敢)(?:举报|检举|揭发)(?!电话|热线|渠道|方式|奖励|人(?!员))|提供(?:一个|一条)?线索"
    ),
    Kind.COMPLAINT: re.compile(r"投诉(?!电话|热线|渠道|无门|方式)|曝光|控告"),
    Kind.SUGGESTION: re.compile(r"(?<!医生)(?<!老师)建议|提[个点一]?(?:意见|建议)|献策"),
    Kind.PRAISE: re.compile(
        r"表扬|点赞|锦旗|好评(?!差)|感谢信|致敬|(?:\A|[。！!]) ?感谢(?!您|你|领导|关注|政府|各位|支持|"
        r"贵)[^，。！!]{3}|"
        r"(?:特别|非常|真心|衷心|由衷|真的|十分|万分)(?:地)?感谢(?=[^，。!！ ]{3})|"
        r"感谢(?=[^，。!！ ]{2,20}(?:帮|救|送|热心|耐心|及时|解决|热情|民警|医生|师傅|司机|工作人员|老师|"
        r"局|所))"
    ),
    Kind.HELP: re.compile(r"求助|求救|救命|帮帮(?:我|忙|我们)|求帮|急求|请求帮助|救救"),
    Kind.INQUIRY: re.compile(r"咨询|请问|想问|问一下|问下|请教|打听"),
}
_TELLING: Mapping[Kind, re.Pattern[str]] = {
    Kind.REPORT: re.compile(
        r"偷排|贪污|受贿|行贿|无证|无照|黑作坊|黑诊所|传销|赌博|吸毒|违建|违章建筑|私搭|偷税|"
        r"非法(?!集资被)|虚开|套取|优亲厚友|挪用|假冒|造假|"
        r"夜间偷|盗采|盗挖|偷采|电鱼|吃拿卡要|索要红包|超载|地沟油|倾倒|加盖|倒进|倒入|焚烧|烧电线|"
        r"私自改|改成了?住|收[^，。]{0,6}红包|名额给|直接排|排到|骗子|冒充|黑车|套牌|违法|违规(?!停)|非法"
    ),
    Kind.COMPLAINT: re.compile(
        r"扰民|态度(?:很|极|太|非常|特别|十分|恶劣|差|不好|蛮横)|乱收费|没人管|没有人管|无人(?:管|问津|"
        r"处理)|不管|不退|拒绝退|拒不|推诿|踢皮球|敷衍|欺骗|坑人|宰客|太吵|吵得|"
        r"难闻|臭味|恶臭|异味|油烟|一直(?:没|不|拖)|迟迟(?:没|不|未)|多次反映|反映(?:多次|过)|违停|乱停|"
        r"占道|堵住|霸占|强制|虚假|脏|过期|变质|不给|不发|不作为|乱扔|乱堆|拒载|绕路|涨价|"
        r"差评|骂人|辱骂|质量问题|漏水|噪音|噪声|施工到|垃圾(?!桶|分类|站)|投诉无门|不合理|缺斤少两|"
        r"没(?:有)?修|失望|太差|很差"
    ),
    Kind.HELP: re.compile(
        r"停水|停电|停气|停暖|没水|没电|没气|不热|没暖气|被困|走失|走丢|拖欠|欠薪|讨薪|怎么办|咋办|救助|"
        r"困难|急[!！死]|着急|很急|紧急|求|帮忙|帮我|帮助|没钱|"
        r"塌|断了|漏电|着火|起火|冒烟|漏气|井盖|走投无路|丢了|被骗|被打|爆管|家暴|断供|没发|一分钱没|"
        r"工伤|晕倒|叫不醒"
    ),
    Kind.SUGGESTION: re.compile(
        r"应该(?:增|加|设|多|在|把|改)|希望(?:能|可以|政府|市里|能够)?(?:周末|早晚|高峰期)?(?:增|加|设|"
        r"建|多|开通|延长|改|优化|推出|装)|能否(?:增|加|设|建|开|延|改|装|优化|考虑)|可否(?:增|加|设|建|"
        r"开|延|改|装)|"
        r"能不能(?:增|加设|设|建|开通|延|装|多|提前)|调整一下|配时|是不是可以|最好(?:能|是|可以)|"
        r"更加?合理|改进|优化"
    ),
    Kind.PRAISE: re.compile(
        r"好人好事|拾金不昧|问题解决了|耐心(?:地)?(?:解答|讲|帮|指导)|服务(?:很|特别|非常|真|"
        r"态度)(?:周到|热情|好|棒)|点个赞|为.{1,12}点赞|暖心|给力|热心"
    ),
    Kind.INQUIRY: re.compile(
        r"怎么(?:办理|申请|办|弄|查|走|缴|交|领|报|预约|补|算|操作|开|取|转)|如何|哪里|在哪|哪儿|"
        r"什么(?:材料|手续|时候|条件|时间|流程|政策|证件|地方|标准)|多少钱|几点|多久|吗|是否|能不能(?:办|"
        r"报|领|用|转|落|提)|可以.{0,10}[吗么]|"
        r"需要.{0,6}(?:什么|哪些)|有没有|哪些|哪天|几号|多大|啥|多少[？?]|上班不|办不办"
    ),
}
_OPEN_WEIGHT = 4
_ORDER = (Kind.REPORT, Kind.COMPLAINT, Kind.HELP, Kind.SUGGESTION, Kind.INQUIRY, Kind.PRAISE)
"""Of two that weigh the same, the first."""
_MOST_TELLING = 3

_EXTREME = re.compile(
    r"着火|起火|失火|火灾|爆炸|(?:煤气|燃气|天然气)(?:泄漏|泄露|漏|味)|漏(?:煤气|燃气|天然气)|漏气|触电|"
    r"漏电|塌陷|坍塌|塌方|倒塌|溺水|落水|掉(?:水|河|井|湖)里|掉进(?:河|水|井|湖)|"
    r"被困|困在|伤亡|死人了|有人死|重伤|持刀|拿刀|砍人|捅人|绑架|食物中毒|一氧化碳|中毒|踩踏|打群架|聚众|"
    r"聚集|上百人|堵(?:政府|大)门|拉横幅|报复社会|炸(?:了|掉)(?:你们|政府)|泥石流|溃坝|山体滑坡|昏迷|"
    r"胸痛|心梗|呼吸困难|抽搐|流血不止|晕倒|叫不醒|没有?呼吸|大出血"
)
_SELF_HARM = re.compile(
    r"自杀|轻生|不想活|活不下去|跳楼|跳河|跳桥|割腕|喝农药|想死(?!你)|活着没意思|一死了之|同归于尽|"
    r"死给你们看|遗书"
)
_GRAVE = re.compile(f"{_EXTREME.pattern}|{_SELF_HARM.pattern}")


def may_be_grave(text: str) -> bool:
    """Whether a closer look is worth its time: a word of danger stands there, meant or not."""
    return _GRAVE.search(text) is not None


_URGENT = re.compile(
    r"停水|停电|停气|停暖|没水|没电了?|断水|断电|没气|没暖气|暖气不热|爆管|(?:自来水|水|电|气|"
    r"暖气)(?:断了|停了)|井盖(?:没|不见|丢|缺|破|碎|坏|被|塌|掉|损)|坑(?:太|很|特别|非常|这么)大|"
    r"暖气.{0,8}(?:冰凉|凉的)|电线(?:掉|断|垂|坠|落|裸露|拖)|大坑|路面塌|走失|走丢|高烧|讨薪|"
    r"积水|内涝|电梯(?:困人|坏|停|故障)|困人|没药|断药|摇摇欲坠|高空坠物|掉下来|砸(?:到|中|伤)人?|要倒|"
    r"快塌|马上就要|孩子不见|老人不见|咬人|咬伤|被打|家暴|孕妇|尽快救|紧急|十万火急|救命"
)
_UNREAL = re.compile(
    r"担心|害怕|怕|万一|如果|要是|假如|会不会|可能|容易|隐患|避免|防止|以防|以免|预防|防范|演练|"
    r"会(?=发生|引|出|造|着|爆)|恐怕|迟早|早晚会|一旦|险些|差点|知识|宣传|保险|怎么办理|什么时候会|是否会"
)
_PAST = re.compile(
    r"去年|前年|上次|曾经?|以前|当年|过去|几年前|年前|之前也?|那年|从前|[0-9]年前|小时候|历史上"
)
_NEGATED = re.compile(r"(?:没有?|未|不是|并非|别|无|不会|不再|没有发生|非)(?:发生|出现|再|造成|过|人员)?\Z")
_BEFORE_CHARACTERS = 12
_SECRET = re.compile(
    r"保密|匿名|不要(?:透露|泄露|公开|暴露|告诉|让)[^，。]{0,8}|别(?:透露|泄露|公开|暴露|说是我|告诉)|"
    r"不(?:想|愿|便|敢)(?:透露|公开|暴露|实名|留名|让[^，。]{1,6}知道)|怕(?:被|遭)?(?:报复|打击)|"
    r"怕[^，。]{0,4}报复"
)
_NOT_SECRET = re.compile(r"(?:商业|国家|军事|泄露)\Z")


def kind_of(reading: Reading) -> Kind:
    """Words that say it outright weigh most; a report beats a complaint (its secrecy must be kept)."""
    text = reading.text
    weights = {kind: 0 for kind in _ORDER}
    for kind in _ORDER:
        weights[kind] += _OPEN_WEIGHT if _OPENLY[kind].search(text) else 0
        weights[kind] += min(_MOST_TELLING, sum(1 for _ in _TELLING[kind].finditer(text)))
    best = max(_ORDER, key=lambda kind: (weights[kind], -_ORDER.index(kind)))
    return best if weights[best] else Kind.OTHER


def urgency_of(reading: Reading, kind: Kind) -> Urgency:
    """The worst of all that is said. Fears, what once was and what is denied weigh one step less, never
    where somebody may mean to harm themselves."""
    text = reading.text
    if _SELF_HARM.search(text):
        return Urgency.EXTREME
    if kind is Kind.PRAISE:
        return Urgency.NORMAL
    steps = [2 - _is_remote(reading, match.start(), match.end()) for match in _EXTREME.finditer(text)]
    steps += [1 - _is_remote(reading, match.start(), match.end()) for match in _URGENT.finditer(text)]
    return (Urgency.NORMAL, Urgency.URGENT, Urgency.EXTREME)[max(steps, default=0)]


def _is_remote(reading: Reading, start: int, end: int) -> bool:
    text = reading.text
    clause = reading.clause_at(start)
    before = text[max(clause[0], start - _BEFORE_CHARACTERS) : start]
    around = before + text[end : min(clause[1], end + 4)]
    return bool(_UNREAL.search(around) or _PAST.search(before) or _NEGATED.search(before))


def is_confidential(reading: Reading, kind: Kind) -> bool:
    return kind is Kind.REPORT or any(
        _NOT_SECRET.search(reading.text[max(0, match.start() - 2) : match.start()]) is None
        for match in _SECRET.finditer(reading.text)
    )
