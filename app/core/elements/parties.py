"""Who writes, how to reach them, and whom it is about."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.core.elements.gazetteer import Gazetteer, Head, Name
from app.core.elements.model import Element, Field
from app.core.elements.names import is_whole, name_start
from app.core.elements.reading import Reading
from app.core.mentions import phones
from app.core.mentions.numerals import as_digits

_HAN = "\u4e00-\u9fff"
_ROLE = (
    "业主代表|业主|居民|村民|家长|市民|租户|租客|住户|学生|职工|员工|司机|车主|老师|教师|农民工|工人|退休人员|退休职工|退休教师|退伍军人|退役军人|"
    "志愿者|商户|商家|个体户|患者|病人|病人家属|家属|乘客|消费者|顾客|游客|群众|网友|网民|老人|残疾人|务工人员|打工的|打工人|外卖员|骑手|"
    "快递员|店主|老板|负责人|用户|会员|学员|考生|毕业生|新市民|党员|妈妈|爸爸|母亲|父亲|奶奶|爷爷|女儿|儿子|宝妈|当事人|购房者|低保户|人士|环卫工|保洁员|贫困户|困难户|孕妇|农民|菜农|果农|养殖户|路人"
)
_SELF = re.compile(
    r"(?:(?:我们?|本人|俺们?|咱们?)(?:都|们)?(?:是|系|作为)|(?<=[，, ])系)(?:一名|一个|一位|个|"
    rf"名)?(?P<role>[^，。！？；,!?;\n\s]{{0,18}}?(?:{_ROLE})(?:们|家长|家属)?)"
)
_AS = re.compile(
    rf"作为(?:一名|一个|一位|个)?(?P<role>[^，。！？；,!?;\n\s]{{0,14}}?(?:{_ROLE})(?:们|家长|家属)?)"
)
_PLAIN_SELF = re.compile(
    rf"(?<![{_HAN}])(?P<role>(?!我|本人|作为|俺|咱|身为)[^，。！？；,!?;\n\s]{{2,14}}?(?:全体|"
    r"部分)?(?:业主|居民|村民|家长))(?=[：:，,\s]|来信|反映|联名)"
)
_NAMED = re.compile(
    r"(?:我叫|本人叫|本人姓名|我的名字[叫是]|姓名[:：是为]?|联系人[:：是为]?|"
    rf"本人(?=[^，。]{2, 3}[，,：: 系是]))[ ]?(?P<name>[{_HAN}]{{2,3}}(?:·[{_HAN}]{{1,6}})?)"
)
_SIGNED = re.compile(rf"(?<![{_HAN}])(?P<name>[{_HAN}]{{2,3}})[ ，,:：]{{0,2}}(?=1[3-9][0-9]{{9}}(?![0-9]))")
_SURNAMED = re.compile(rf"(?:我|本人|免贵|(?<![{_HAN}]))姓(?P<name>[{_HAN}])(?!名|氏)")
_TITLE = re.compile(r"(?:先生|女士|小姐|阿姨|大爷|大妈|大姐|大哥|同学)")
_OFFICIAL_TITLE = re.compile(
    r"(?:警官|医生|大夫|护士|护士长|老师|师傅|主任|所长|科长|局长|书记|村长|法官|教练|老板|经理|校长|"
    r"院长|队长|司机|工作人员|民警|辅警|阿姨|大爷|大妈|某某|某)"
)
_SELF_BEFORE = re.compile(rf"(?:{_ROLE}|我是|我们是|本人|联系人[:：是]?|找|叫我|鄙人|免贵)[ ]?\Z")
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,24}){1,3}"
)
_WECHAT = re.compile(
    r"(?:微信号?|[vVwW][xX]|[vV]信|威信|微信联系)[号码]?(?:[:：是为 ]|"
    r"是){0,3}(?P<id>[A-Za-z][-_A-Za-z0-9]{5,19})(?![A-Za-z0-9])"
)
_QQ = re.compile(r"(?:[qQ]{2}|扣扣)号?[:：是为 ]{0,3}(?P<id>[1-9][0-9]{4,10})(?![0-9])")
_THEIRS = re.compile(
    r"(?:他们?|她|对方|商家|店家|店里|老板|物业|中介|房东|司机|客服|骗子|公司|单位|局|拨打|打了|致电|"
    r"来电)(?:的|那边|客服|热线|服务)?(?:联系)?(?:电话|手机|号码|手机号)?(?:[:：是为 ]|过|了){0,3}\Z"
)
_SHORTEST_PHONE = 7
_PLATE = re.compile(
    r"(?<![A-Za-z])[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[A-Za-z][·• .]?[A-Za-z0-9]{5,6}(?![A-Za-z0-9])"
)
_BUS = re.compile(r"(?:[0-9]{1,3}|[一二三四五六七八九十]{1,4})路(?:公交车?|车|公共汽车)(?:司机|驾驶员)?")
_BUS_FIRST = re.compile(r"公交(?:车)?[0-9]{1,3}路(?:司机|驾驶员)?")
_PLACE_LIKE = re.compile(
    r"(?:宿舍|家属院|家属楼|大院|后门|前门|旁边?|附近|对面|门口|门前|隔壁的?|楼下|楼上|周边|后面)"
)
_ACCUSES = re.compile(r"(?:投诉|举报|表扬|感谢|反映|曝光|点名)(?:一下|下)?(?:的是)?\Z")
_AUTHORITY = re.compile(
    r"(?:局|城管队?|交警队?|交警大队|派出所|街道办|办事处|居委会|村委会|车管所|卫健委|信访局|工作人员)\Z"
)
_ROLE_BEFORE = re.compile(r"(?:我是|我们是|本人是|我系|作为)[^，。,\n]{0,12}\Z")


def contacts(text: str) -> Iterator[Element]:
    digits = as_digits(text)
    for mention in phones.find(digits):
        if sum(one.isdecimal() for one in mention.key) < _SHORTEST_PHONE or mention.key.startswith(
            ("400", "800")
        ):
            continue
        if _THEIRS.search(text[max(0, mention.start - 14) : mention.start]):
            continue
        start, end = mention.start, mention.end
        yield Element(Field.CONTACT, text[start:end], start, end, mention.key, 0.95)
    for match in _EMAIL.finditer(text):
        yield Element(Field.CONTACT, match[0], match.start(), match.end(), match[0].lower(), 0.95)
    for pattern in (_WECHAT, _QQ):
        for match in pattern.finditer(text):
            yield Element(Field.CONTACT, match["id"], *match.span("id"), match["id"], 0.9)


def who(reading: Reading, places: Gazetteer) -> Iterator[Element]:
    """The citizen, as far as they say; `value` is a name, where one is told."""
    text = reading.text
    surnames = places.names[Name.SURNAME]
    for match in _SURNAMED.finditer(text):
        if match["name"] in surnames:
            yield Element(Field.WHO, match[0], match.start(), match.end(), match["name"], 0.9)
    for pattern in (_NAMED, _SIGNED):
        for match in pattern.finditer(text):
            yield from _named(text, match, surnames)
    for match in _TITLE.finditer(text):
        yield from _titled(text, match, surnames)
    for pattern in (_SELF, _AS, _PLAIN_SELF):
        for match in pattern.finditer(text):
            yield Element(Field.WHO, match["role"], *match.span("role"), "", 0.85)


def _named(text: str, match: re.Match[str], surnames: frozenset[str]) -> Iterator[Element]:
    name = match["name"]
    start = match.start("name")
    title = _TITLE.match(text, start + 1)
    if title is not None or (name[0] not in surnames and name[:2] not in surnames):
        return
    if len(name) == 3 and name[2] in "电手今住是在家联我男女身今想要":
        name = name[:2]
    yield Element(Field.WHO, name, start, start + len(name), name, 0.9)


def _titled(text: str, title: re.Match[str], surnames: frozenset[str]) -> Iterator[Element]:
    start = title.start() - 1
    if start < 0 or text[start] not in surnames:
        return
    before = text[max(0, start - 5) : start]
    alone = start == 0 or text[start - 1] in " ，,。：:；;\n(（"
    if _SELF_BEFORE.search(before):
        yield Element(Field.WHO, text[start : title.end()], start, title.end(), text[start], 0.9)
    elif alone:
        yield Element(Field.WHO, text[start : title.end()], start, title.end(), text[start], 0.7)


def whom(reading: Reading, places: Gazetteer, where: Sequence[Element]) -> Iterator[Element]:
    """Firms, shops, offices, vehicles, neighbours, officials by their titles; 楼下 + 烧烤店 is one."""
    found = [*_vehicles(reading.text), *_officials(reading, places.names[Name.SURNAME])]
    for head in places.heads(reading.text):
        if head.kind in (Name.OBJECT, Name.PLACE, Name.LANDMARK) and is_whole(reading, head, places):
            party = _party(reading, head, places, where)
            if party is not None:
                found.append(party)
    waiting: Element | None = None
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if waiting is not None and waiting.end == one.start:
            quote = reading.text[waiting.start : one.end]
            waiting = Element(Field.WHOM, quote, waiting.start, one.end, waiting.value or one.value, 0.8)
            continue
        if waiting is not None and one.start < waiting.end:
            end = max(waiting.end, one.end)
            waiting = replace(waiting, text=reading.text[waiting.start : end], end=end)
            continue
        if waiting is not None:
            yield waiting
        waiting = one
    if waiting is not None:
        yield waiting


def is_authority(name: str) -> bool:
    """Whom citizens ask to step in: in a wish it is not the one complained of."""
    return _AUTHORITY.search(name) is not None


def _vehicles(text: str) -> Iterator[Element]:
    for pattern in (_PLATE, _BUS, _BUS_FIRST):
        for match in pattern.finditer(text):
            value = match[0].upper() if pattern is _PLATE else ""
            yield Element(Field.WHOM, match[0], match.start(), match.end(), value, 0.9)


def _officials(reading: Reading, surnames: frozenset[str]) -> Iterator[Element]:
    text = reading.text
    for title in _OFFICIAL_TITLE.finditer(text):
        start = title.start() - 1
        if start < 0 or text[start] not in surnames or not reading.starts_word(start):
            continue
        if _ROLE_BEFORE.search(text[max(0, start - 16) : start]) is None:
            yield Element(Field.WHOM, text[start : title.end()], start, title.end(), "", 0.7)


def _party(reading: Reading, head: Head, places: Gazetteer, where: Sequence[Element]) -> Element | None:
    """A school or a market is a party only where it is openly accused or praised."""
    text = reading.text
    start = name_start(reading, head, places)
    if head.kind is not Name.OBJECT and _ACCUSES.search(text[max(0, start - 6) : start]) is None:
        return None
    if not reading.ends_word(head.end) or _PLACE_LIKE.match(text, head.end):
        return None
    if _ROLE_BEFORE.search(text[max(0, start - 16) : start]):
        return None
    start = max([start, *(place.end for place in where if place.start <= start < place.end < head.end)])
    if start >= head.end:
        return None
    word = text[head.start : head.end]
    if word in places.names[Name.ANYBODY] and start == head.start:
        if text[max(0, start - 1) : start] == "个" and word == "窗口":  # 只开一个窗口
            return None
        start = next(
            (place.start for place in where if text[place.end : start] in ("的", "") and place.end <= start),
            start,
        )
    confidence = 0.8 if start < head.start else 0.45 if word in places.names[Name.ANYBODY] else 0.6
    return Element(Field.WHOM, text[start : head.end], start, head.end, "", confidence)
