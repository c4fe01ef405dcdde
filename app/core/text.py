"""Folding: many spellings of one thing become one, and every folded character knows where it came from.

Two views of a text come out. The *plain* one keeps punctuation, so that clauses stay clauses. The *squeezed*
one also drops what people put inside words to hide them (symbols, emoji, spaced-out writing) and joins
characters that were taken apart; a term found only there is found all the same.
"""

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from app.core.model import Span

LOOKALIKES: Mapping[str, str] = dict(
    zip("аеорсухАВЕКМНОРСТХіІѕЅјαοΑΒΕΗΙΚΜΝΟΡΤΧ", "aeopcyxabekmhopctxiissjaoabehikmnoptx", strict=True)
)
"""Cyrillic and Greek letters that look like Latin ones."""

SPLIT_CHARACTERS: Mapping[str, str] = {
    "弓虽": "强", "木又": "权", "言兑": "说", "言舌": "话", "虫文": "蚊", "亻尔": "你", "亻门": "们",
    "亻也": "他", "亻故": "做", "亻昔": "借", "亻壬": "任", "亻氐": "低", "氵去": "法", "氵衮": "滚",
    "氵又": "汉", "氵夬": "决", "氵肖": "消", "氵尤": "沈", "氵工": "江", "氵每": "海", "讠兑": "说",
    "讠舌": "话", "讠人": "认", "讠吾": "语", "讠井": "讲", "讠青": "请", "讠平": "评", "讠斥": "诉",
    "讠正": "证", "讠卖": "读", "讠寸": "讨", "忄青": "情", "忄白": "怕", "忄每": "悔", "忄曼": "慢",
    "忄生": "性", "忄亡": "忙", "扌丁": "打", "扌斥": "拆", "扌巴": "把", "扌包": "抱", "扌氐": "抵",
    "犭句": "狗", "犭者": "猪", "犭侯": "猴", "犭苗": "猫", "犭良": "狼", "疒丙": "病", "疒知": "痴",
    "疒风": "疯", "纟合": "给", "纟工": "红", "纟吉": "结", "饣反": "饭", "钅戋": "钱", "礻土": "社",
    "刂禾": "利", "辶文": "这", "辶寸": "过", "辶首": "道", "艹早": "草", "冫欠": "次", "宀子": "字",
}  # fmt: skip
"""拆字: characters written as their parts. Only parts that never stand so in ordinary text."""

_KEEP_REPEATS = 3
_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)
_ESCAPES = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});|(?:%[0-9a-f]{2})+", re.IGNORECASE)
_HAN = "㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_NOISE = re.compile(
    rf"(?<=[{_HAN}a-z0-9])[^{_HAN}\w\s,.;:!?，。；：！？、…“”‘’「」『』《》()\[\]【】<>=\"'&%]{{1,4}}(?=[{_HAN}a-z0-9])"
)
_DOTS = re.compile(rf"(?<=[{_HAN}])[.*·・_]{{1,3}}(?=[{_HAN}])")
_SPACED = re.compile(
    rf"(?<![{_HAN}])([{_HAN}])[ \t]+(?=[{_HAN}])|(?<=[{_HAN}])[ \t]+(?=[{_HAN}](?![{_HAN}]))"
)
_SPLIT = re.compile("|".join(sorted(SPLIT_CHARACTERS, key=len, reverse=True)))
_MAY_HIDE = re.compile(r"[^\w\s,;:!?，。；：！？、…“”‘’「」『』《》()\[\]【】<>=\"'&%]|[ \t_]")
"""One look for everything that the three patterns above cut out: most texts hold none of it."""
_INVISIBLE = {"Cf", "Mn", "Me", "Cc"}
_VISIBLE_CONTROLS = "\n\t"


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text. `origins` is None where every character stands where it stood."""

    raw: str
    text: str
    origins: Sequence[tuple[int, int]] | None = None
    """For each character of `text`, the half-open range of `raw` it came from."""

    def span(self, start: int, end: int) -> Span:
        """Where the folded range stands in the original."""
        if self.origins is None or start >= end:
            return Span(start, end)
        return Span(self.origins[start][0], self.origins[end - 1][1])


@dataclass(frozen=True, slots=True)
class Squeezed:
    text: str
    positions: Sequence[tuple[int, int]]
    """For each character, the half-open range of the plain view it came from."""

    def range(self, start: int, end: int) -> tuple[int, int]:
        return self.positions[start][0], self.positions[end - 1][1]


class CharacterFolder(dict[int, str]):
    """What each character folds to, computed once for each; `irregular` are those that are not one to one."""

    def __init__(self, simplified: Mapping[str, str]) -> None:
        super().__init__()
        self._simplified = simplified
        self.irregular: set[str] = set()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = self._fold(character)
        if len(folded) != 1:
            self.irregular.add(character)
        self[code] = folded
        return folded

    def _fold(self, character: str) -> str:
        if character in _VISIBLE_CONTROLS:
            return character
        if unicodedata.category(character) in _INVISIBLE or "\U000e0000" <= character <= "\U000e0fff":
            return ""
        wide = unicodedata.normalize("NFKC", LOOKALIKES.get(character, character)).lower()
        if wide.isalpha() and wide < "\u0250":  # Latin letters lose their accents and tone marks
            wide = unicodedata.normalize("NFD", wide)
        return "".join(
            self._simplified.get(one, LOOKALIKES.get(one, one))
            for one in wide
            if unicodedata.category(one) not in _INVISIBLE
        )


@dataclass(frozen=True, slots=True)
class Folder:
    """`characters` folds one by one; make it once, it remembers what it has seen."""

    characters: CharacterFolder

    def fold(self, text: str) -> Folded:
        """The plain view. A text that needs no folding costs one pass in C."""
        escaped = _ESCAPES.search(text) is not None
        folded = text.translate(self.characters)
        if not escaped and self.characters.irregular.isdisjoint(text) and _RUN.search(folded) is None:
            return Folded(text, folded)
        return self._fold_slowly(text)

    def _fold_slowly(self, text: str) -> Folded:
        pieces = _unescaped(text)
        characters: list[str] = []
        origins: list[tuple[int, int]] = []
        for character, start, end in pieces:
            for folded in self.characters[ord(character)]:
                if characters[-_KEEP_REPEATS:] == [folded] * _KEEP_REPEATS and not folded.isnumeric():
                    origins[-1] = (origins[-1][0], end)
                    continue
                characters.append(folded)
                origins.append((start, end))
        return Folded(text, "".join(characters), tuple(origins))


def squeeze(text: str) -> Squeezed | None:
    """The squeezed view of a plain one; None where nothing was hidden in it."""
    hiding = (_NOISE, _DOTS, _SPACED) if _MAY_HIDE.search(text) else ()
    cuts = [
        match.span() if pattern is not _SPACED else (match.end(1) if match[1] else match.start(), match.end())
        for pattern in hiding
        for match in pattern.finditer(text)
    ]
    splits = {match.start(): (match.end(), SPLIT_CHARACTERS[match[0]]) for match in _SPLIT.finditer(text)}
    if not cuts and not splits:
        return None
    dropped = {position for start, end in cuts for position in range(start, end)}
    characters: list[str] = []
    positions: list[tuple[int, int]] = []
    position = 0
    while position < len(text):
        end, joined = splits.get(position, (position + 1, text[position]))
        if position not in dropped:
            characters.extend(joined)
            positions.extend([(position, end)] * len(joined))
        position = end
    return Squeezed("".join(characters), positions)


def _unescaped(text: str) -> list[tuple[str, int, int]]:
    """Characters with their ranges; HTML entities and percent escapes (in links) are read."""
    pieces: list[tuple[str, int, int]] = []
    position = 0
    for match in _ESCAPES.finditer(text):
        pieces.extend((text[at], at, at + 1) for at in range(position, match.start()))
        decoded = _decoded(match[0])
        pieces.extend((character, match.start(), match.end()) for character in decoded)
        position = match.end()
    pieces.extend((text[at], at, at + 1) for at in range(position, len(text)))
    return pieces


def _decoded(escape: str) -> str:
    if escape.startswith("&"):
        return html.unescape(escape)
    try:
        return unquote_to_bytes(escape).decode("utf-8")
    except UnicodeDecodeError:
        return escape
