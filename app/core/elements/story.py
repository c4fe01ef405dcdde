"""What happened: the clauses that are neither greeting nor wish nor address."""

import re
from collections.abc import Iterator, Sequence

from app.core.elements.gazetteer import Gazetteer
from app.core.elements.model import Element, Field
from app.core.elements.reading import Reading

_LONGEST = 300
_SHORTEST_UNTOLD = 4
"""A clause in which nothing goes wrong stands for the whole only if it says something."""
_GREETING = re.compile(
    r"(?:尊敬的)?(?:各位)?(?:你们?好|您好|领导好?|小编|早上好|上午好|下午好|晚上好|在吗|在不在|有人吗|"
    r"谢谢(?:你们|您|啦|了)?|感谢|非常感谢|十分感谢|多谢|"
    r"拜托(?:了|你们)?|辛苦(?:了|你们了)?|麻烦(?:了|你们了)|哈喽|hello|hi|嗯+|好的?|[啊哈呵嘿]+|盼复|"
    r"望回复|请回复|书记|市长|县长|政府|工作人员|[，, ]){1,4}[啊呀呢吧哦~!！]*",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"没有?人[管来修理问]|不[管理给让退修处赔作]|无人|拖[着欠了]|一直没|迟迟|没有?[给退修来发处解]|"
    r"坏[了掉]|断了|堵[了住死]|漏|破|脏|臭|吵|闹|乱|偷|骗|打人?|骂|威胁|推[诿脱来]|"
    r"态度|欺负|拒绝|违法|违规|非法|无证|收费|收了|掉[了下]|倒[了塌]|塌|裂|积水|淹|停[了水电气]|"
    r"没[水电气暖]|失[火踪]|着火|丢|撞|摔|咬|死|伤|扰民|影响|占|挡|遮|挖|拆|"
    r"过期|变质|假|坑|宰客|拒[载收绝]|绕路|超[速载]|逆行|闯|抢|拖欠|克扣|不发|不亮|不热|不通|没通|办不了|"
    r"打不通|联系不上|跑路|卷款|关门|失联|隐患|危险|投诉|举报|反映|表扬|感谢|帮|救|送|"
    r"怎么|如何|吗|什么|哪|多少|几[点号天]|能不能|可以|需要|是否|困难|没法|无法|太|很|非常"
)


def what(reading: Reading, taken: Sequence[Element], places: Gazetteer) -> Iterator[Element]:
    """Runs of clauses that tell a story, without those that are somebody's name, number or wish alone."""
    told = [clause for clause in reading.clauses if not _is_aside(reading.text, clause, taken)]
    wanted = {clause: position for position, clause in enumerate(reading.clauses)}
    topical = {reading.clause_at(start) for _, start, _ in places.topic_words(reading.text)}
    found: list[Element] = []
    run: list[tuple[int, int]] = []
    for clause in told:
        if run and (wanted[clause] != wanted[run[-1]] + 1 or clause[1] - run[0][0] > _LONGEST):
            found += _element(reading.text, run, topical)
            run = []
        run.append(clause)
    found += _element(reading.text, run, topical)
    if found or not told:
        yield from found
        return
    start, end = max(told, key=lambda one: one[1] - one[0] - _covered(one, taken))
    if end - start >= _SHORTEST_UNTOLD:
        end = min(end, start + _LONGEST)
        yield Element(Field.WHAT, reading.text[start:end], start, end, "", 0.4)


def _covered(clause: tuple[int, int], taken: Sequence[Element]) -> int:
    """How many characters of it are a time, a place or the like."""
    return sum(max(0, min(clause[1], one.end) - max(clause[0], one.start)) for one in taken)


def is_trouble(clause: str) -> bool:
    return _TROUBLE.search(clause) is not None


def _element(text: str, run: list[tuple[int, int]], topical: set[tuple[int, int]]) -> Iterator[Element]:
    """A run in which nothing goes wrong and nothing is asked tells little, and is left out."""
    telling = [one for one in run if one in topical or is_trouble(text[slice(*one)])]
    if not telling:
        return
    start, end = run[0][0], min(run[-1][1], run[0][0] + _LONGEST)
    confidence = 0.85 if any(one in topical for one in telling) else 0.6
    yield Element(Field.WHAT, text[start:end], start, end, "", confidence)


def _is_aside(text: str, clause: tuple[int, int], taken: Sequence[Element]) -> bool:
    start, end = clause
    if _GREETING.fullmatch(text, start, end) or not any(
        "\u4e00" <= one <= "\u9fff" for one in text[start:end]
    ):
        return True
    for element in taken:
        if (
            element.field is Field.WANT
            and element.start - start <= 2
            and element.end >= end > element.start >= start
        ):
            return True
        if element.field is Field.WANT and element.start < start and end <= element.end:
            return True
        if (
            element.field is Field.CONTACT
            and start <= element.start < end
            and element.end - element.start > (end - start) * 0.4
        ):
            return True
        if (
            element.field is Field.WHO
            and start <= element.start < end
            and element.end - element.start >= (end - start) * 0.6
        ):
            return True
    return False
