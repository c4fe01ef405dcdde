"""jieba with a dictionary of our own, behind one function."""

import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import jieba

from app.core.words import Cut, Token
from app.loading.problems import Problem, refuse


def make_segmenter(dictionary: Path, cache_dir: Path | None) -> Cut:
    """A tokenizer of its own, so that nobody else's words change our verdicts.

    `dictionary`: lines of `word frequency tag`; may be missing. `cache_dir` must be writable; None: the
    system's temporary folder. New words are guessed by no model: the same text is cut the same way for ever.
    Raises ConfigError.
    """
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    folder = cache_dir or Path(tempfile.gettempdir())
    tokenizer.tmp_dir = str(folder)
    tokenizer.cache_file = f"shenyan-jieba-{os.getuid() if hasattr(os, 'getuid') else 0}.cache"
    tokenizer.initialize()
    for word, frequency, tag in _words(dictionary):
        tokenizer.add_word(word, frequency, tag)
    known = tokenizer.FREQ

    def cut(text: str) -> Sequence[Token]:
        return [
            Token(start, end, bool(known.get(word)))
            for word, start, end in tokenizer.tokenize(text, HMM=False)
        ]

    return cut


def _words(dictionary: Path) -> list[tuple[str, int, str]]:
    if not dictionary.exists():
        return []
    words: list[tuple[str, int, str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(dictionary.read_text("utf-8").splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not fields[1].isdigit():
            problems.append(Problem(dictionary, number, f"expected `word frequency tag`, found {line!r}"))
            continue
        words.append((fields[0], int(fields[1]), fields[2]))
    refuse(problems)
    return words
