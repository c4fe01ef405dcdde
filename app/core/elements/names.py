"""Where a name begins whose end is listed: 阳光花园 of 在阳光花园门口."""

import re

from app.core.elements.gazetteer import Gazetteer, Head, Name
from app.core.elements.reading import Reading, Word

_MOST_CHARACTERS = 10
_NAME_TEXT = re.compile(r"[\u4e00-\u9fff]+|[A-Za-z0-9]{1,6}|“[\u4e00-\u9fff]{1,8}”")
_GOES_ON = re.compile(
    r"[0-9一二三四五六七八九十]{1,5} ?[号弄]|[与和跟到至].{1,6}[路街道]|交叉口|路口|上|段|附近|门口"
)
_OFFICE = re.compile(r"村(?:支书|委会|干部|主任)|[镇乡](?:政府|卫生院)|[区县](?:政府)")
_NEVER_FLAGS = ("p", "c", "r", "u", "d", "y", "e", "t", "x", "w", "m", "q", "i", "v")
_NAME_FLAGS = ("ns", "nz", "nr", "nt", "x", "nrt", "nrfg")


def _nameable(word: Word, follower: Word | None, places: Gazetteer) -> bool:
    """Whether a word may be a part of a name; `follower` is the part of it already found behind the word.

    Names jieba does not know fall apart into single characters, whatever their tags (顺 丰).
    """
    if word.text in places.names[Name.PART]:
        return True
    if word.text in places.names[Name.BOUNDARY] or not _NAME_TEXT.fullmatch(word.text):
        return False
    if word.text.startswith("第") or word.text == "某":
        return True
    if len(word.text) == 1 and follower is not None and len(follower.text) == 1:
        return True
    if word.flag == "eng":
        return True
    return not word.flag.startswith(_NEVER_FLAGS)


def name_start(reading: Reading, head: Head, places: Gazetteer) -> int:
    """Where the name begins that ends with the head; the head's own start where there is no name."""
    cover = reading.word_at(head.start)
    start = min(head.start, cover.start) if cover and cover.end >= head.end > head.start else head.start
    follower: Word | None = None
    for word in reading.before(start):
        if word.end != start or head.start - word.start > _MOST_CHARACTERS:
            break
        if not _nameable(word, follower, places) and not (
            start == head.start and _names_road(reading, head, word)
        ):
            break
        start, follower = word.start, word
    return start


def _names_road(reading: Reading, head: Head, word: Word) -> bool:
    """前进路12号, 五一路与: a verb or a number names a road where an address goes on behind it."""
    return (
        head.kind is Name.ROAD
        and len(word.text) == 2
        and word.flag.startswith(("v", "t", "m"))
        and _GOES_ON.match(reading.text, head.end) is not None
    )


def is_whole(reading: Reading, head: Head, places: Gazetteer) -> bool:
    """Whether the head ends a word that can be a name: 和平路, and neither 知道 nor 路过."""
    if not reading.ends_word(head.end) and head.end - head.start == 1:
        return _OFFICE.match(reading.text, head.start) is not None
    word = reading.word_at(head.start)
    if word is None or word.end < head.end or word.start == head.start:
        return True
    if places.is_ordinary(reading.text[word.start : head.end]):
        return False
    return head.end - head.start > 1 or head.kind is Name.OBJECT or word.flag in _NAME_FLAGS
