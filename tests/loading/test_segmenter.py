"""Words are cut by a dictionary of our own, the same way for ever."""

from pathlib import Path

import jieba

from app.loading.segmenter import make_segmenter


def words(text: str, dictionary: Path, cache: Path) -> list[str]:
    return [text[one.start : one.end] for one in make_segmenter(dictionary, cache)(text)]


def test_own_words_are_not_cut(tmp_path: Path) -> None:
    dictionary = tmp_path / "dictionary.txt"
    assert "数据服务管理局" not in words("市数据服务管理局受理", dictionary, tmp_path)
    dictionary.write_text("数据服务管理局 1000 nt\n", encoding="utf-8")
    assert "数据服务管理局" in words("市数据服务管理局受理", dictionary, tmp_path)


def test_nobody_elses_words_change_a_cut(tmp_path: Path) -> None:
    before = words("市数据服务管理局受理", tmp_path / "none.txt", tmp_path)
    jieba.add_word("数据服务管理局", 1000)
    assert words("市数据服务管理局受理", tmp_path / "none.txt", tmp_path) == before


def test_ranges_cover_the_text(tmp_path: Path) -> None:
    text = "您好，办事大厅几点开门？"
    tokens = make_segmenter(tmp_path / "none.txt", tmp_path)(text)
    assert "".join(text[one.start : one.end] for one in tokens) == text
