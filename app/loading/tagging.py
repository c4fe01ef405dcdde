"""Words with their parts of speech, from jieba's dictionary: read when first asked for."""

import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import jieba

from app.core.words import Cut

_KEPT = ("v", "p", "r", "d", "c", "u", "t", "m", "f", "s", "q", "x", "y", "e", "i", "ns", "nz", "nr", "nt")
"""Tags looked at; every other known word is a noun. Names of all words would take twice the memory."""
_NOUN, _UNKNOWN, _NUMBER, _LATIN = "n", "x", "m", "eng"
_DIGITS = re.compile(r"[0-9.]+")
_LETTERS = re.compile(r"[A-Za-z0-9]+")
_HAN = re.compile(r"[\u4e00-\u9fd5]+")


class DictionaryTagger:
    """A `Tagger` over the checker's own segmentation: the same words, and no second dictionary of them.

    `jieba.posseg` is not asked: importing it builds a model of new words for everybody in the process
    (160 MB), and guesses. Here each word has the tag of the dictionary, the same for ever.
    """

    def __init__(self, cut: Cut) -> None:
        self._cut = cut

    def __call__(self, text: str) -> Sequence[tuple[str, str]]:
        words = (text[token.start : token.end] for token in self._cut(text))
        return [(word, self._flag(word)) for word in words]

    def _flag(self, word: str) -> str:
        flag = self._flags.get(word)
        if flag is not None:
            return flag
        if _DIGITS.fullmatch(word):
            return _NUMBER
        if _LETTERS.fullmatch(word):
            return _LATIN
        return _NOUN if _HAN.fullmatch(word) else _UNKNOWN

    @cached_property
    def _flags(self) -> Mapping[str, str]:
        file = Path(jieba.__file__).with_name("dict.txt")
        flags: dict[str, str] = {}
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                word, _, flag = line.split()
                if flag.startswith(_KEPT):
                    flags[word] = sys.intern(flag)
        return flags
