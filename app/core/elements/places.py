"""Where: divisions, streets with numbers, estates, buildings, crossings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.core.elements.gazetteer import Gazetteer, Head, Name
from app.core.elements.model import SURE, Element, Field
from app.core.elements.names import is_whole, name_start
from app.core.elements.reading import Reading

_NUMBER = r"(?:[0-9]{1,5}(?:[-—－][0-9]{1,4}){0,3}|[一二三四五六七八九十百]{1,4}|[A-Za-z甲乙丙丁])"
_UNIT = (
    rf"(?:附?{_NUMBER} ?(?:号楼|号院|号|栋|幢|座|单元|楼|层|室|期|区|组|队|弄|支弄|巷|社|门|#楼?)"
    r"(?![线令召称职点])(?!\d*公交))"
)
_SIDE = r"(?:[东南西北正后侧]{1,2}(?:门口?|侧|段|面|边|头|口|区|出口|苑))"
_RELATION = (
    r"(?:附近|周边|周围|旁边?|隔壁|对面|大?门口|十字路口|丁字路口|三岔路口|路口|交叉口|交汇处|交界处|"
    r"交接处|拐角处?|转角处?|"
    r"红绿灯路口|楼下|楼上|楼道里?|楼顶|门前|后面|前面|沿线|一带|路段|段|出入口|入口|出口|地下车库|"
    r"地下停车场|停车场|"
    r"公交站台?|地铁站|高架桥?下|桥下|桥头|岔路口|大厅|操场|[东南西北]{1,2}角)"
)
_TAIL = re.compile(
    rf"(?:[ 的]?{_UNIT}|(?<=[栋幢座楼元])[ -]?[0-9]{{3,4}}室?(?![0-9元块年米])|[ 的]?{_SIDE}|的?{_RELATION}"
    r"|[0-9]{1,3}(?:[-—－][0-9]{1,4}){1,3}(?![0-9:月日])"
    rf"|(?<=[国省县]道)[\u4e00-\u9fff]{{2,3}}段|[A-Z][口座区栋](?:出口)?|[（(]{_RELATION}[)）])"
)
_LONE_UNIT = re.compile(
    r"(?<![0-9第路])(?:[0-9]{1,3}(?:号楼|栋|幢|单元|#楼|期)|[一二三四五六七八九十]{1,2}(?:号楼|栋|幢|"
    r"单元|期))(?![待班间])"
)
_CROSSING = re.compile(r"交|路口|红绿灯|之间|路段|中间")
_BUS_LINE = re.compile(r"[0-9一二三四五六七八九十]{1,3}路\Z")
_BARE_RELATION = re.compile(_RELATION)
_MINE = re.compile(r"(?:我们|我家|咱们?|本|我)(?:这个?|的)?\Z")
_MOST_TAILS = 8
_ROAD_SURE, _PLACE_SURE, _UNIT_SURE, _DIVISION_SURE, _VAGUE = 0.85, 0.8, 0.6, 0.45, 0.4
_DETAIL = re.compile(r"[0-9一二三四五六七八九十]+ ?(?:号|栋|幢|座|单元|楼|组|队|#)|路口|交叉口|交汇处")


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    kind: Name
    confidence: float


def find(reading: Reading, places: Gazetteer) -> Iterator[Element]:
    """Places, pieces that stand together as one; surer the nearer they come to a door."""
    text = reading.text
    for piece in _chained(text, sorted(_pieces(reading, places), key=lambda one: (one.start, -one.end))):
        quote = text[piece.start : piece.end]
        confidence = min(0.95, piece.confidence + (0.1 if _DETAIL.search(quote) else 0.0))
        yield Element(Field.WHERE, quote, piece.start, piece.end, "", confidence)


def _pieces(reading: Reading, places: Gazetteer) -> Iterator[_Piece]:
    for head in places.heads(reading.text):
        piece = _piece(reading, head, places)
        if piece is not None:
            yield replace(piece, end=_tail_end(reading.text, piece.end))
    for unit in _LONE_UNIT.finditer(reading.text):
        head = Head(Name.PLACE, unit.start(), unit.start())
        start = name_start(reading, head, places)
        yield _Piece(start, _tail_end(reading.text, unit.start()), Name.PLACE, _UNIT_SURE)


def _piece(reading: Reading, head: Head, places: Gazetteer) -> _Piece | None:
    text = reading.text
    if head.kind is Name.DIVISION:
        if reading.starts_word(head.start) and reading.ends_word(head.end):
            return _Piece(head.start, head.end, head.kind, _DIVISION_SURE)
        return None
    if not is_whole(reading, head, places):
        return None
    start = name_start(reading, head, places)
    name = text[start : head.end]
    if head.kind is Name.OBJECT:
        # A shop is a place where something is said to be next to it.
        near = _BARE_RELATION.match(text, head.end)
        return _Piece(start, head.end, Name.PLACE, _VAGUE + 0.1) if near and start < head.start else None
    if _BUS_LINE.search(text[max(0, head.end - 4) : head.end]) and not re.match(
        r"[0-9]", text[head.end : head.end + 1]
    ):
        return None
    if head.kind is Name.LANDMARK and start == head.start:
        return _Piece(start, head.end, head.kind, SURE)
    if start == head.start or places.is_ordinary(name):
        return _generic(text, head, start)
    sure = {Name.ROAD: _ROAD_SURE, Name.PLACE: _PLACE_SURE, Name.LANDMARK: _PLACE_SURE}.get(
        head.kind, _DIVISION_SURE + 0.1
    )
    return _Piece(start, head.end, head.kind, sure)


def _generic(text: str, head: Head, start: int) -> _Piece | None:
    """小区门口, 我们学校: a place, but which?"""
    if head.kind is not Name.PLACE or head.end - head.start < 2:
        return None
    mine = _MINE.search(text[max(0, start - 5) : start])
    if mine is None and _TAIL.match(text, head.end) is None:
        return None
    return _Piece(start, head.end, head.kind, _VAGUE)


def _tail_end(text: str, end: int) -> int:
    for _ in range(_MOST_TAILS):
        tail = _TAIL.match(text, end)
        if tail is None:
            break
        end = tail.end()
    return end


def _chained(text: str, pieces: list[_Piece]) -> Iterator[_Piece]:
    """Overlapping and adjoining pieces as one: 成都市 + 和平路12号 + 翠湖小区; two roads that cross."""
    current: _Piece | None = None
    for piece in pieces:
        if current is not None and _belongs(text, current, piece):
            current = _Piece(
                current.start,
                max(current.end, piece.end),
                piece.kind if piece.end >= current.end else current.kind,
                max(current.confidence, piece.confidence),
            )
            continue
        if current is not None:
            yield current
        current = piece
    if current is not None:
        yield current


def _belongs(text: str, before: _Piece, after: _Piece) -> bool:
    if after.start <= before.end:
        return True
    joint = text[before.end : after.start]
    if joint in ("", " ", "的"):
        return True
    if len(joint) == 1 and joint in "上下大小新老东西南北" and before.kind is after.kind is Name.DISTRICT:
        return True
    if joint in ("与", "和", "跟", "及", "、", "/", "到", "至"):
        return before.kind is Name.ROAD and (
            joint in "到至" or _CROSSING.search(text[after.start : after.end + 4]) is not None
        )
    return False
