"""Tables from libraries for the folder: traditional to simplified, character to sound."""

import os
from collections.abc import Callable
from functools import lru_cache

import opencc

from app.core.text import CharacterFolder, Folder

_HAN_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))


def make_folder() -> Folder:
    """Reads OpenCC's character table once; what it holds does not depend on the text."""
    convert = opencc.OpenCC("t2s").convert
    characters = [chr(code) for first, last in _HAN_BLOCKS for code in range(first, last + 1)]
    # One conversion a character: a phrase table would change the length of the text.
    simplified = convert("\n".join(characters)).split("\n")
    pairs = zip(characters, simplified, strict=True)
    return Folder(CharacterFolder({one: other for one, other in pairs if one != other and len(other) == 1}))


@lru_cache(maxsize=1)
def _reading() -> Callable[[str], str]:
    """pypinyin without its table of phrases: 45 MB that say nothing of single characters."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # it looks there, once, when it is imported
    from pypinyin import Style, lazy_pinyin

    def read(character: str) -> str:
        syllables = lazy_pinyin(character, style=Style.NORMAL, errors="ignore")
        return str(syllables[0]).replace("ü", "v") if syllables else ""

    return read


@lru_cache(maxsize=20_000)
def sound_of(character: str) -> str:
    """The tone-less syllable of a Han character, "" for anything else. Source: pypinyin, first reading."""
    if not any(first <= ord(character) <= last for first, last in _HAN_BLOCKS):
        return ""
    return _reading()(character)
