"""Why, how and to what end: the clauses that a cue opens."""

import re
from collections.abc import Iterator

from app.core.elements.model import Element, Field
from app.core.elements.reading import Reading
from app.core.elements.times import durations

_WANT = re.compile(
    r"强烈(?:要求|建议|希望|请求|呼吁)|呼吁|希望|盼望|期盼|期望|渴望|要求|请求|恳请|恳求|敬请|央求|建议|"
    r"强烈建议|能不能|能否|可否|可不可以|是否可以|能不可以|可以(?:不可以|派|安排)|是不是可以(?=考虑|增|"
    r"加|设|把)|(?:不要|别)(?=透露|泄露|公开我)|"
    r"我们?(?:就|只)?想要?(?=讨|要回?|退|让|请|有|求|把|解决|知道)|"
    r"麻烦(?=你们|您|贵|相关|有关|帮|给|派|尽快|安排|处理|核实|管|政府|领导|部门|一下|协调|联系|查|看|转|"
    r"反映|问|催|回)|"
    r"请(?=你们|您|贵|相关|有关|各|政府|领导|部门|及时|尽快|帮|给|派|安排|处理|核实|严查|查处|调查|立即|"
    r"马上|务必|上级|城管|交警|物业|住建|环保|教育|纪委|工商|公安|警察|民警|人社|卫健|市场|税务|供电|"
    r"自来水|燃气|热力|公交|学校|社区|村|乡|查|管|协调|督促|加强|依法|答复|回复|解决|政|市|区|县|镇|街道|"
    r"求|不要|为|关注|保密|替|把|告|让)|"
    r"求(?=帮|助|解决|政府|你们|处理|管|回复|救|告知)|盼(?=复|回复|解决|处理|望|答复)|望(?=尽快|领导|"
    r"有关|相关|解决|处理|政府|查|回复|能|给|予|重视|核实|部门)|"
    r"应该(?=给|把|加|增|在|设|尽|管|整|赔|退)|帮忙(?=看|协|联|处|解|管|找|催|问)|帮(?:我们?|俺)?(?=催|"
    r"协调|联系|解决|处理|查|找|要)(?!.{1,2}了)|快(?:来|派)人"
)
_WANT_BEFORE = re.compile(
    r"(?:不|没|没有|无|有|按照?|符合|达到|根据|申|邀|聘|宴|的|这个|一个|提|多次|他们?|她|物业|老师|学校|"
    r"公司|医生|老板|窗口|工作人员|被|银行|单位|房东|商家|中介|员工?|对方|被)\Z"
)
_COURTESY = re.compile(r"(?:谢谢|感谢|拜托|多谢|辛苦).{0,8}\Z")
_EMPTY_WANT = re.compile(
    r"求助|求救|(?:希望|要求|建议|请求?|麻烦|能不能|能否|可否|求|盼|望)?(?:你们|您|领导|政府|有关部门|"
    r"相关部门)?\Z"
)
_CONTINUES = re.compile(
    r"[，, ]{1,2}(?=并且?|同时|以及|还|也|不要|尽快|早日|给|让|把|恢复|退|赔|依法|严肃|为|暂停|停止|公开|"
    r"追究|赔偿|取消|降低|整改|处罚|加强|杜绝|还我|或者|否则不)"
)
_WHY = re.compile(
    r"(?:说是)?(?:是)?(?:因为|由于|原因[是:：]|起因[是:：]?|只因|就因为|理由是|因(?=[^为此而果素缘故]))"
)
_WHY_END = re.compile(r"(?:的原因|的缘故|所致|引起|等原因|原因|而)")
_HOW_CUE = re.compile(r"(?:严重)?(?:造成|导致|致使|害得|搞得|弄得|使得|影响(?:了|到)?(?=[^力视])|引发|引起)")
_NUM = r"(?:[0-9]{1,9}(?:[.,][0-9]{1,4})?|[零一二两三四五六七八九十百千几好]{1,7})"
_AMOUNT = re.compile(
    rf"{_NUM}(?:多|余|来)?(?:万|千|百|亿)?(?:多|余)?(?:元|块钱?|万元|美元)(?:钱|"
    r"多)?(?:/?(?:[每一]?(?:个?月|年|天|平米?|平方米?|度|吨|小时|次|斤)))?"
    r"|[0-9]{1,6}(?:[.][0-9]{1,2})?(?:多|余|来)?万(?=[^人户辆字]|\Z)"
    rf"|(?<![0-9第])(?!一[户名人个]){_NUM}(?:多|余|来)?(?:户|名|号?人(?![民行次员工大家]))(?:业主|工人|"
    r"学生|农民工|居民|老人|孩子|村民|住户|家庭)?"
    rf"|(?!一个){_NUM}(?:多|余|来)?个(?:人|工人|孩子|小孩|老人|学生|业主|住户|民工|农民工|同学)"
    rf"|(?:每[天日周月年晚][^，。,\n]{{0,3}})?(?!一[次遍回])(?:{_NUM}(?:多)?|好几|无数|多|数)(?:次|遍|"
    r"回(?!复))(?![数要级])"
    r"|[一二两三四五六七八九几好数十][一二三四五六七八九十几百千]{0,4}[万千百][一二三四五六七八九]?(?:多|"
    r"余)?(?:元|块钱?)?(?![人户个辆名号分万度年天次米里斤吨平亩公])"
    rf"|{_NUM}(?:多|来)?(?:秒钟?|分钟|个?小时|个?钟头)(?![前内])"
    rf"|{_NUM}(?:多)?(?:分贝|公里|平方米?|平米|吨|斤|公斤|亩|摄氏度|度|米(?!饭)|厘米)"
    r"|三番五次|反复|屡次|屡教不改|接二连三"
)
_INJURED = re.compile(
    r"(?:[^，。！？；,!?;\n\s的了]{0,4}?)(?:受伤|骨折|摔伤|摔倒|昏迷|死亡|住院|烫伤|烧伤|咬伤|被咬|呕吐|"
    r"拉肚子|腹泻|过敏|失眠|睡不着|睡不好|没法睡|无法入睡|无法休息|头晕|头疼|头痛|恶心|起疹子|撞伤|砸伤|"
    r"崴了?脚|扭伤|压断|截肢|衰弱|砸坏|砸中|晕倒|神经衰弱)"
)
_PAID = re.compile(
    r"[充扣交收花付欠剩赔退要罚涨借骗贷](?:了|我们?|他们?|还|就|去|走|到|"
    r"款){0,3} ?(?P<sum>[0-9]{2,7}(?:[.][0-9]{1,2})?)(?![0-9年月日号点次个.人路])"
)
_BARE_NUMBER = re.compile(r"[路街巷弄号栋幢楼层室第0-9]\Z")


def wants(reading: Reading) -> Iterator[Element]:
    """From the cue to the end of its clause, and into the next where that goes on."""
    text = reading.text
    until = 0
    for cue in _WANT.finditer(text):
        start = cue.start()
        if start < until or not reading.starts_word(start) or _refused(text, start, cue[0]):
            continue
        end = reading.clause_at(start)[1]
        while (more := _CONTINUES.match(text, end)) is not None:
            next_end = reading.clause_at(more.end())[1]
            if next_end <= end:
                break
            end = next_end
        end -= _trimmed(text[start:end])
        if _EMPTY_WANT.fullmatch(text[start:end]):
            continue
        until = end
        yield Element(Field.WANT, text[start:end], start, end, "", 0.85)


def _refused(text: str, start: int, cue: str) -> bool:
    before = text[max(0, start - 4) : start]
    if cue in ("要求", "建议", "希望"):
        return _WANT_BEFORE.search(before) is not None
    return cue == "请" and text.startswith(("请问", "请假", "请客"), start)


def _trimmed(quote: str) -> int:
    courtesy = _COURTESY.search(quote)
    return len(quote) - courtesy.start() if courtesy and courtesy.start() > 0 else 0


def whys(reading: Reading) -> Iterator[Element]:
    """The cause alone, without the word that opens it."""
    text = reading.text
    for cue in _WHY.finditer(text):
        if not reading.ends_word(cue.end()) or text[max(0, cue.start() - 1) : cue.start()] in ("不", "基"):
            continue
        start = cue.end()
        while start < len(text) and text[start] in ":： ，,":
            start += 1
        end = reading.clause_at(start)[1]
        tail = _WHY_END.search(text, start, end)
        if tail is not None and tail.start() > start:
            end = tail.start()
        if end - start > 1:
            yield Element(Field.WHY, text[start:end], start, end, "", 0.8)


def hows(reading: Reading) -> Iterator[Element]:
    """Consequences, harm, sums, counts and how long; what lies inside another is left out."""
    text = reading.text
    found = [*_consequences(reading), *_counted(text)]
    found.sort(key=lambda one: (one.start, -one.end))
    last_end = 0
    for element in found:
        if element.start >= last_end:
            last_end = element.end
            yield element


def _consequences(reading: Reading) -> Iterator[Element]:
    text = reading.text
    for cue in _HOW_CUE.finditer(text):
        end = reading.clause_at(cue.start())[1]
        if reading.starts_word(cue.start()) and end - cue.end() > 1:
            yield Element(Field.HOW, text[cue.start() : end], cue.start(), end, "", 0.8)
    for match in _INJURED.finditer(text):
        yield Element(Field.HOW, match[0], match.start(), match.end(), "", 0.7)


def _counted(text: str) -> Iterator[Element]:
    for match in _AMOUNT.finditer(text):
        if _BARE_NUMBER.search(text[max(0, match.start() - 1) : match.start()]) is None:
            yield Element(Field.HOW, match[0], match.start(), match.end(), "", 0.7)
    for match in _PAID.finditer(text):
        yield Element(Field.HOW, match["sum"], *match.span("sum"), "", 0.6)
    for match in durations(text):
        yield Element(Field.HOW, match["length"], *match.span("length"), "", 0.6)
